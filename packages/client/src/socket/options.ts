/**
 * The options that the socket and the event source share, filled and validated in one place.
 * A wrong option is a programmer's error and throws at once.
 */
import { type Ending, type LinkRules, localEnding, never } from "./link-state.ts";

/** Times of a link, in ms. */
export interface LinkOptions {
  /** How long the answer to a probe may take. @default 5_000 */
  readonly ackMs?: number;
  /** How long a dial may take until the link is open. @default 10_000 for sockets, 15_000 for event sources */
  readonly connectMs?: number;
  /** The longest delay between dials: random below 1 s, doubling up to this. @default 30_000 */
  readonly backoffCapMs?: number;
  /**
   * For a link that cannot be probed: a silence this long is a dead link. Give at least twice the server's own beat; Infinity: silence is
   * not judged. @default Infinity for sockets, 45_000 for event sources
   */
  readonly silenceMs?: number;
}

/** What can be dialled. A function is asked before every dial, so that it can put a fresh token or position into the address. */
export type Address = string | URL | (() => string | URL | Promise<string | URL>);

/** Fills what is missing ; throws a RangeError that names the option for anything that is no time. */
export function resolveRules<T extends LinkOptions>(given: T, connectMs: number, silenceMs: number): LinkRules {
  const rules = { heartbeatMs: 12_000, ackMs: 5_000, connectMs, silenceMs, backoffCapMs: 30_000 };
  for (const name of Object.keys(rules) as (keyof LinkRules)[]) {
    const value = (given as Partial<LinkRules>)[name] ?? rules[name];
    // Timers of all platforms hold 31 bits.
    if (!(value > 0 && (value < 2 ** 31 || value === never))) throw new RangeError(`Expected \`${name}\` in ms, got ${value}`);
    rules[name] = value;
  }
  if (rules.silenceMs <= rules.ackMs) throw new RangeError("Expected `silenceMs` above `ackMs`");
  return rules;
}

/** A dial that failed on this side of the peer. */
export function failedDial(error: unknown): Ending {
  return localEnding("connect_failed", error instanceof Error ? error.message : String(error));
}

/** Asks a function for the address, or passes it on at once; a failure of the function is told to `onError`. */
export function withAddress(address: Address, use: (address: string) => void, onError: (error: unknown) => void): void {
  if (typeof address !== "function") use(String(address));
  else void new Promise<string | URL>((resolve) => resolve(address())).then((found) => use(String(found))).catch(onError);
}
