/**
 * The admin listener of `serve`: the server's figures and connections on a port of their own.
 */
import { type AdminListener, adminListener, adminOptionsFault, guardMetrics, type MetricSources } from "@holdfast/guard";
import type { HoldfastServer } from "@holdfast/server";
import { bad, type Checked, good } from "../args.ts";
import type { ServeConfig } from "./config.ts";

export interface AdminParts {
  readonly server: Pick<HoldfastServer, "guard" | "metrics" | "options" | "revoke">;
  readonly at: NonNullable<ServeConfig["admin"]>;
  readonly token: string | null;
  /** Whether anybody is asked who they are: else there is nothing to take away. */
  readonly isGuarded: boolean;
  readonly sources: MetricSources;
}

/** The token that the listener is to demand, null for none, or why it would not do. `readToken` reads a file. */
export function adminToken({ admin, options }: Pick<ServeConfig, "admin" | "options">, readToken: (path: string) => Checked<string>): Checked<string | null> {
  if (admin === null) return good(null);
  const token = admin.tokenFile === null ? null : readToken(admin.tokenFile);
  if (token !== null && !token.ok) return token;
  const fault = adminOptionsFault({ host: admin.host, hosts: options.hosts, ...(token === null ? {} : { token: token.value }) });
  return fault === null ? good(token?.value ?? null) : bad(`${fault} (adminHost, adminTokenFile, hosts)`);
}

/** Not listening yet. @throws {TypeError} when it would stand open */
export function makeAdmin({ server, at, token, isGuarded, sources }: AdminParts): AdminListener {
  const { guard, metrics, options } = server;
  const registry = guardMetrics(guard, metrics, sources);
  const revoke = isGuarded ? { revoke: (subject: string): number => server.revoke({ subject }).links } : {};
  return adminListener({ guard, registry, host: at.host, port: at.port, hosts: options.hosts, ...revoke, ...(token === null ? {} : { token }) });
}
