/**
 * What `serve` judges tokens with, out of the files that its settings name. Their contents must never be shown.
 */
import { readFileSync } from "node:fs";
import { HoldfastError } from "@holdfast/protocol";
import { jwtAuthorizer, nodeEnv, type ServerParts } from "@holdfast/server";
import type { AuthConfig } from "../serve/auth.ts";

/** The bytes of a secret's file, without the line end that editors put behind them. */
function readSecret(path: string): Uint8Array {
  const bytes = readFileSync(path);
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  return bytes.subarray(0, bytes.length - end);
}

/** The parts of a server that follow. Throws when a file cannot be read, or holds what is no key. */
export function makeAuth(config: AuthConfig): Pick<ServerParts, "auth" | "ticketSecret"> {
  if (config.name === "anonymous") return config.isDecided ? { auth: "anonymous" } : {};
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwks, jwtKeyFile, jwtSecretFile, jwtAlgorithms, jwtClaim: claim, ticketSecretFile } = config;
  const keys = jwtJwks !== "" ? { jwks: jwtJwks } : jwtKeyFile !== "" ? { publicKey: readFileSync(jwtKeyFile, "utf8") } : { secret: readSecret(jwtSecretFile) };
  const algorithms = jwtAlgorithms.length === 0 ? {} : { algorithms: jwtAlgorithms };
  try {
    const auth = jwtAuthorizer({ issuer, audience, claim, clockToleranceMs: config.jwtClockToleranceMs, ...keys, ...algorithms }, nodeEnv.clock);
    return { auth, ...(ticketSecretFile === "" ? {} : { ticketSecret: readSecret(ticketSecretFile) }) };
  } catch (thrown) {
    throw thrown instanceof TypeError ? new HoldfastError("bad_request", thrown.message) : thrown;
  }
}
