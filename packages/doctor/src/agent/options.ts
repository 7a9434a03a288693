/**
 * The agent's options and limits: each documented once, filled and checked in one place, then frozen. Whoever can reach an agent can make
 * it hold connections, so none of the limits can be switched off.
 */

export interface AgentOptions {
  /** Null: whoever reaches it may use it. */
  readonly token: string | null;
  readonly prefix: string;
  readonly connectionsMax: number;
  readonly requestsPerSecondMax: number;
  readonly lifeMs: number;
  readonly connectionBytesMax: number;
  readonly minuteBytesMax: number;
  readonly waitingBytesMax: number;
  readonly eventBytesMax: number;
  readonly everyMsMin: number;
  readonly endingsMax: number;
}

export interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly what: string;
}

/** Defaults and meaning; docs/doctor-agent.md is made from it. */
export const doctorAgentOptionDocs = {
  token: {
    default: null,
    unit: "text",
    what: "What must come as `Authorization: Bearer` or `?token=`, at least 16 characters. None: whoever reaches it may use it",
  },
  prefix: { default: "/.holdfast/doctor", unit: "path", what: "Beneath it requests are the agent's; all others are left alone" },
  connectionsMax: { default: 500, unit: "connections", what: "Event streams, WebSockets and held answers open at once; beyond it 503 `agent_full`" },
  requestsPerSecondMax: { default: 200, unit: "requests", what: "In any second, those that are refused included; beyond it 429 `agent_rate_limited`" },
  lifeMs: {
    default: 3_700_000,
    unit: "ms",
    what: "How long an event stream, a WebSocket or a held answer lives: longer than the longest idle timer that is looked for; a day at most",
  },
  connectionBytesMax: {
    default: 4_194_304,
    unit: "bytes",
    what: "Sent and received on one of them, 64 more for each frame that comes on a WebSocket; then it ends with `agent_spent`",
  },
  minuteBytesMax: {
    default: 67_108_864,
    unit: "bytes",
    what: "Sent and received by all of them in a minute; beyond it 503 `agent_spent`, and what is open ends",
  },
  waitingBytesMax: { default: 1_048_576, unit: "bytes", what: "Waiting for a client that does not read; then the connection is cut with `agent_slow_reader`" },
  eventBytesMax: { default: 131_072, unit: "bytes", what: "Padding of one event, and one message on a WebSocket" },
  everyMsMin: { default: 10, unit: "ms", what: "Shortest time between two events, messages or pings that may be asked for" },
  endingsMax: { default: 5_000, unit: "connections", what: "Of which the agent remembers how they ended; the oldest is forgotten first" },
} as const satisfies Record<keyof AgentOptions, OptionDoc>;

const tokenCharsMin = 16;
/** A day: a timer of Node that is longer than 24 of them ends at once. */
const lifeMsMax = 86_400_000;

/** Fills defaults and checks. Throws a TypeError that names the option and what was expected; never with the token in it. */
export function resolveDoctorAgentOptions(given: Partial<AgentOptions> = {}): AgentOptions {
  const filled: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(doctorAgentOptionDocs, name)) throw new TypeError(`Expected a known option of the agent, got \`${name}\``);
  }
  for (const [name, doc] of Object.entries(doctorAgentOptionDocs)) {
    const value = given[name as keyof AgentOptions] ?? doc.default;
    if (typeof doc.default === "number" && !(Number.isSafeInteger(value) && (value as number) >= 1)) {
      throw new TypeError(`Expected \`${name}\` to be a whole number of ${doc.unit}, at least 1, got ${JSON.stringify(value)}`);
    }
    filled[name] = value;
  }
  if ((filled["lifeMs"] as number) > lifeMsMax) throw new TypeError(`Expected \`lifeMs\` to be at most ${lifeMsMax} ms, got ${filled["lifeMs"]}`);
  const { token, prefix } = filled as { token: unknown; prefix: unknown };
  if (token !== null && !(typeof token === "string" && token.length >= tokenCharsMin && /^[!-~]+$/.test(token))) {
    throw new TypeError(`Expected \`token\` to be at least ${tokenCharsMin} visible ASCII characters`);
  }
  if (typeof prefix !== "string" || !/^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) {
    throw new TypeError(`Expected \`prefix\` to be a path without a slash at its end, got ${JSON.stringify(prefix)}`);
  }
  return Object.freeze(filled as unknown as AgentOptions);
}
