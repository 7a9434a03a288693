/** Reads the protocol's wire vectors. It must never compute a right answer: those stand in the vectors. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../../../protocol/vectors", file), "utf8")) as T;
}
