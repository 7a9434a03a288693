/**
 * Gets a set of keys from an address or a file. Bounded in time and size, since the address may be anybody's by mistake.
 */
import { readFile } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import type { LoadKeys } from "../jwks.ts";

const fetchMs = 5_000;
const bytesMax = 262_144;

async function fetched(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(fetchMs), headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok || response.body === null) throw new Error(`the keys' address answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`expected a set of keys of at most ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A set of keys at an address (`https:`, `http:`) or in a file, which is read again like an address. */
export function loadKeys(where: string): LoadKeys {
  const read = (): Promise<string> => (/^https?:/.test(where) ? fetched(where) : readFile(where, "utf8"));
  return async () => JSON.parse(await read()) as JSONWebKeySet;
}
