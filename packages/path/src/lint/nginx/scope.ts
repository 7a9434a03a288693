/**
 * Blocks as a chain of scopes, and what holds in one: a directive of the nearest scope that has it, and for lists such as `proxy_set_header` the
 * whole list of the nearest scope that has any, which drops those further out.
 */
import type { Place } from "../../declared.ts";
import type { Directive } from "./parser.ts";

export type ScopeKind = "main" | "http" | "server" | "location" | "if" | "upstream" | "stream" | "stream-server";

export interface Scope {
  readonly kind: ScopeKind;
  readonly place: Place;
  /** What stands behind the block's name. */
  readonly args: readonly string[];
  readonly items: readonly Directive[];
  readonly parent: Scope | null;
}

export function scopeOf(kind: ScopeKind, { args, place, block }: Pick<Directive, "args" | "place" | "block">, parent: Scope | null): Scope {
  return { kind, place, args, items: block ?? [], parent };
}

/** Directives of that name in this scope alone. */
export const ownAll = (scope: Scope, name: string): readonly Directive[] => scope.items.filter((each) => each.name === name);

/** The last one of that name in this scope alone. */
export const own = (scope: Scope, name: string): Directive | null => ownAll(scope, name).at(-1) ?? null;

/** The directive that holds here, wherever it is written; null where none is. */
export function held(scope: Scope | null, name: string): Directive | null {
  for (let each = scope; each !== null; each = each.parent) {
    const found = own(each, name);
    if (found !== null) return found;
  }
  return null;
}

/** The list that holds here: of the nearest scope that has one of that name. */
export function heldList(scope: Scope | null, name: string): readonly Directive[] {
  for (let each = scope; each !== null; each = each.parent) {
    const found = ownAll(each, name);
    if (found.length > 0) return found;
  }
  return [];
}

/** Its first argument, or what nginx takes without it. */
export const word = (scope: Scope | null, name: string, fallback: string): string => held(scope, name)?.args[0] ?? fallback;
export const isOn = (scope: Scope | null, name: string, fallback: boolean): boolean => word(scope, name, fallback ? "on" : "off") === "on";

/** Whether a directive was written in this scope, or in an `if` or a nested block of it that has taken its place. */
export const isOwn = (scope: Scope, directive: Directive): boolean => scope.items.includes(directive);
