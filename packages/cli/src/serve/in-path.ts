/**
 * Where `serve` stands in a declared path: whether there is one, and what of the settings the server is told of, so that the rest can follow
 * from it. A default is not told: beside a path it would be a contradiction that nobody has asked for. Pure: the file is only named here.
 */
import { type PathOptions, withPath } from "@holdfast/guard";
import type { DeclaredPath } from "@holdfast/path";
import { type ServerOptions, serverOptionDocs } from "@holdfast/server";
import { bad, type Checked, good } from "../args.ts";
import type { ListenerConfig } from "./listener.ts";
import { type SettingGiven, valuesOf } from "./settings.ts";

/** The path and this server's hop; null where none is declared. `readPath` reads a path file. */
export function inPath(given: readonly SettingGiven[], readPath: (file: string) => Checked<DeclaredPath>): Checked<PathOptions | null> {
  const { path: file, hop } = valuesOf(given, ["path", "hop"]) as { path: string; hop: string };
  if (file === "") return hop === "" ? good(null) : bad("expected `path` with `hop`, got `hop` alone");
  const path = readPath(file);
  return path.ok ? good({ path: path.value, ...(hop === "" ? {} : { hop }) }) : path;
}

/** The settings that somebody made. */
export const madeBySomebody = (given: readonly SettingGiven[]): SettingGiven[] => given.filter(({ source }) => source !== "default");

/** What the server is told in a path. Throws a TypeError with the inequality for what contradicts the path. */
export function toldInPath(place: PathOptions, given: readonly SettingGiven[], { guard }: ListenerConfig): Partial<ServerOptions> {
  const told: Partial<ServerOptions> = valuesOf(madeBySomebody(given), Object.keys(serverOptionDocs));
  withPath({ ...guard, ...place, ...(told.heartbeatMs === undefined ? {} : { heartbeatMs: told.heartbeatMs }) }, "server");
  return told;
}
