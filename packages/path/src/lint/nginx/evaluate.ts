/**
 * What a value with variables comes to for a given request: by `map`, `set`, and the request's own headers. Null where that can not be told
 * from the configuration; nothing is guessed.
 */
import type { Directive } from "./parser.ts";
import { ownAll, type Scope } from "./scope.ts";
import type { Site } from "./site.ts";

/** A request as the rules need it: header names in lower case. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** One that asks for a WebSocket, and one that does not. */
export const upgradeRequest: RequestHeaders = { upgrade: "websocket", connection: "Upgrade" };
export const plainRequest: RequestHeaders = {};

const variable = /\$(?:\{(\w+)\}|(\w+))/g;
/** Maps that name one another are followed so far. */
const depthMax = 8;
/** A longer value is none of the words that matter here, and an expression of a file must not be able to take long over it. */
const charsMax = 16;

export function evaluate(text: string, request: RequestHeaders, site: Site, scope: Scope, depth = 0): string | null {
  if (depth > depthMax) return null;
  let known = true;
  const value = text.replace(variable, (_, braced: string | undefined, bare: string | undefined) => {
    const part = variableOf(braced ?? bare ?? "", request, site, scope, depth);
    known &&= part !== null;
    return part ?? "";
  });
  return known ? value : null;
}

function variableOf(name: string, request: RequestHeaders, site: Site, scope: Scope, depth: number): string | null {
  if (name === "http_upgrade" || name === "http_connection") return request[name.slice("http_".length)] ?? "";
  const map = site.maps.get(name);
  if (map !== undefined) return mapped(map, request, site, scope, depth);
  for (let each: Scope | null = scope; each !== null; each = each.parent) {
    const set = ownAll(each, "set").findLast(({ args }) => args[0] === `$${name}`);
    if (set !== undefined) return evaluate(set.args[1] ?? "", request, site, scope, depth + 1);
  }
  return null;
}

function mapped(map: Directive, request: RequestHeaders, site: Site, scope: Scope, depth: number): string | null {
  const source = evaluate(map.args[0] ?? "", request, site, scope, depth + 1);
  if (source === null || source.length > charsMax) return null;
  const rows = map.block ?? [];
  const exact = rows.find(({ name }) => name.toLowerCase() === source.toLowerCase());
  const row = exact ?? rows.find(({ name }) => name.startsWith("~") && fits(name, source)) ?? rows.find(({ name }) => name === "default");
  return row === undefined ? "" : evaluate(row.args[0] ?? "", request, site, scope, depth + 1);
}

/** nginx's expressions are Perl's; one that is not ours matches nothing. */
function fits(key: string, source: string): boolean {
  try {
    return key.startsWith("~*") ? new RegExp(key.slice(2), "i").test(source) : new RegExp(key.slice(1)).test(source);
  } catch {
    return false;
  }
}
