/**
 * Whom `serve` lets in, as its settings say it, and whether that is decided where it must be. Pure: files are named here and read elsewhere.
 */
import { decisionFault } from "@holdfast/server";
import { bad, type Checked, good } from "../args.ts";
import { type AuthName, authNames } from "../options.ts";
import { flagName, type SettingGiven, valuesOf, variableName } from "./settings.ts";

/** What was decided. Empty texts were not given. */
export interface AuthConfig {
  readonly name: AuthName;
  /** False where nothing was said, which is enough on loopback. */
  readonly isDecided: boolean;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly jwtJwks: string;
  readonly jwtKeyFile: string;
  readonly jwtSecretFile: string;
  readonly jwtAlgorithms: readonly string[];
  readonly jwtClaim: string;
  readonly jwtClockToleranceMs: number;
  readonly ticketSecretFile: string;
}

const sources = ["jwtJwks", "jwtKeyFile", "jwtSecretFile"] as const;

/** A setting by all names that it has. */
const named = (setting: string): string => `${setting} (--${flagName(setting)}, ${variableName(setting)})`;

/** Reads and checks the settings, those that are decisions included. */
export function checkAuth(given: readonly SettingGiven[]): Checked<AuthConfig> {
  const isGiven = (name: string): boolean => given.some(({ setting, source }) => setting.name === name && source !== "default");
  const names = given.map(({ setting }) => setting.name).filter((name) => name.startsWith("jwt") || name === "ticketSecretFile");
  const values = valuesOf(given, [...names, "auth", "host"]) as unknown as Omit<AuthConfig, "name" | "isDecided"> & { auth: string; host: string };
  const isDecided = values.auth !== "";
  const name = isDecided ? authNames.find((each) => each === values.auth) : "anonymous";
  if (name === undefined) return bad(`expected auth to be ${authNames.join(" or ")}, got ${JSON.stringify(values.auth)}`);
  const stray = names.find(isGiven);
  if (name !== "jwt" && stray !== undefined) return bad(`expected ${named("auth")} to be jwt where ${stray} is given`);
  if (name === "jwt") {
    const lacking = (["jwtIssuer", "jwtAudience"] as const).find((each) => values[each] === "");
    if (lacking !== undefined) return bad(`expected ${named(lacking)} where auth is jwt`);
    if (sources.filter((each) => values[each] !== "").length !== 1) return bad(`expected one of ${sources.map(named).join(", ")} where auth is jwt`);
  }
  const undecided = decisionFault({ host: values.host, auth: isDecided, origins: isGiven("origins") });
  if (undecided !== null)
    return bad(`${undecided}: set ${[...(isDecided ? [] : ["auth"]), ...(isGiven("origins") ? [] : ["origins"])].map(named).join(" and ")}`);
  const { auth: _, host: __, ...rest } = values;
  return good({ name, isDecided, ...rest });
}

/** One line for people on who may do what. */
export function accessLine({ name, jwtIssuer }: AuthConfig, isLocal: boolean): string {
  if (name === "jwt") return `Who has a token of ${jwtIssuer} is let in, as far as it goes.`;
  if (isLocal) return "It listens on this machine only, and lets every program on it read and write everything.";
  return "ANYBODY who reaches it may read and write everything (auth anonymous).";
}
