/**
 * Who ended a connection, out of what both ends saw of it. Pure. What only one end saw, or neither, was done in between.
 */
import type { IdleFact } from "../facts.ts";
import type { EndedSaid } from "./agent-words.ts";

/** `told`: what the application's side says of connections that ended here as `how`. It decides by the majority of those that it knows. */
export function whoEnded(told: readonly EndedSaid[], how: NonNullable<IdleFact["how"]>): IdleFact["by"] {
  const known = told.filter((each) => each.known);
  if (known.length === 0) return null;
  // An application that ended it itself and silently: its bytes would have arrived, so this is somebody between all the same.
  const byServer = known.filter((each) => each.how === "here" && how !== "silent" && how !== "rst_on_write");
  return byServer.length * 2 > known.length ? "server" : "between";
}
