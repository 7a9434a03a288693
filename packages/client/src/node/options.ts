/**
 * What HTTP/2 sessions of a process are held to: defaults, bounds and their documentation, in one place.
 */

export const sessionOptionDocs = {
  keepAliveMs: {
    default: 30_000,
    unit: "ms",
    what: "Silence after which a session is asked by PING, with streams or without; any byte breaks it. Doubled for an origin that answers `too_many_pings`",
  },
  keepAliveAckMs: { default: 5_000, unit: "ms", what: "Time for any byte after that; then the session is dead, and its streams are opened on another" },
  dialMs: {
    default: 10_000,
    unit: "ms",
    what: "Time from the dial of a session to the server's SETTINGS; then it has failed, for all who wait for it, and whoever asks next dials anew",
  },
  ageMs: { default: 3_600_000, unit: "ms", what: "Age, less up to a tenth, from which a session takes no new streams and those that it has are moved" },
  idleMs: { default: 300_000, unit: "ms", what: "How long a session without streams is kept. It keeps no process running" },
  streamsMax: { default: 100, unit: "streams per session", what: "Streams of one session; a server may allow fewer. One more takes another session" },
  sessionsMax: { default: 16, unit: "sessions per origin", what: "Sessions that take streams, of one origin; beyond them a dial fails (`connect_failed`)" },
  streamWindowBytes: { default: 262_144, unit: "bytes", what: "What a server may send on a stream before it is read: bandwidth times round trip" },
  connectionWindowBytes: { default: 1_048_576, unit: "bytes", what: "The same for all streams of a session" },
} as const;

/** Each a whole number above 0. */
export type SessionOptions = { readonly [name in keyof typeof sessionOptionDocs]: number };

/** What a window, and a timer of Node, can be at most. */
const valueMax = 0x7fff_ffff;

/** Fills in defaults. Throws a TypeError for unknown names and for what is not a whole number from 1. */
export function resolveSessionOptions(given: Partial<SessionOptions> = {}): SessionOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(sessionOptionDocs, name)) throw new TypeError(`Expected a known option of sessions, got \`${name}\``);
  }
  const resolved: Record<string, number> = {};
  for (const [name, { default: fallback, unit }] of Object.entries(sessionOptionDocs)) {
    const value = given[name as keyof SessionOptions] ?? fallback;
    if (!Number.isSafeInteger(value) || value < 1 || value > valueMax) {
      throw new TypeError(`Expected \`${name}\` to be a whole number of ${unit} from 1 to ${valueMax}, got ${JSON.stringify(value)}`);
    }
    resolved[name] = value;
  }
  return Object.freeze(resolved) as SessionOptions;
}
