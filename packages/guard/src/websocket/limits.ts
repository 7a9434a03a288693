/**
 * Limits of guarded WebSockets: each documented once, filled and checked in one place, then frozen. 0 never means "never" here.
 */

export type Never = "never";

export interface WebSocketLimits {
  readonly heartbeatMs: number;
  readonly ackMs: number;
  readonly closeMs: number;
  readonly stallMs: number;
  readonly queuedBytesMax: number;
  readonly queuedMs: number;
  readonly messageBytesMax: number;
  readonly messageMs: number;
  readonly fragmentsMax: number;
  readonly pingsMax: number;
  readonly pingsMs: number;
  readonly messagesPerSecondMax: number | Never;
  readonly bytesPerSecondMax: number | Never;
  readonly kinds: "any" | "text";
}

interface LimitDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly never?: true;
  readonly what: string;
}

/** Defaults and meaning of every limit; docs/websocket.md is made from it. */
export const webSocketLimitDocs = {
  heartbeatMs: {
    default: 12_000,
    unit: "ms",
    what: "Silence of the peer after which it is pinged, up to a tenth more; the first ping comes after half to all of it. While bytes come, no ping is sent",
  },
  ackMs: { default: 8_000, unit: "ms", what: "Silence after a ping until the peer counts as dead: 4003 and a reset, `zombie`" },
  closeMs: {
    default: 5_000,
    unit: "ms",
    what: "How long a peer may take to answer a close frame, then it is reset. A host's own `closeTimeout` is left as it is",
  },
  stallMs: { default: 10_000, unit: "ms", what: "How long waiting bytes may stand still; then 4001 `slow_reader`" },
  queuedBytesMax: { default: 1_048_576, unit: "bytes", what: "Bytes that may wait for a peer for longer than `queuedMs`; then 4001 `slow_reader`" },
  queuedMs: { default: 2_000, unit: "ms", what: "How long a queue may be above `queuedBytesMax` without falling. A large message that is being read falls" },
  messageBytesMax: {
    default: 1_048_576,
    unit: "bytes",
    what: "Largest message; then 1009 `frame_too_large`. Replaces the default of `ws` (100 MiB); a `maxPayload` that the host chose stays",
  },
  messageMs: { default: 30_000, unit: "ms", what: "From the first byte of a message or frame to its last; then 1008 `message_unfinished`" },
  fragmentsMax: { default: 64, unit: "fragments per message", what: "More: 1008 `fragment_flood`" },
  pingsMax: { default: 10, unit: "pings", what: "Pings at once, and again within each `pingsMs`; more: 1008 `ping_flood`" },
  pingsMs: { default: 10_000, unit: "ms", what: "Time in which `pingsMax` refills" },
  messagesPerSecondMax: { default: "never", unit: "messages per second", never: true, what: "As a mean over 10 s; more: 4002 `rate_limited`" },
  bytesPerSecondMax: {
    default: "never",
    unit: "bytes per second",
    never: true,
    what: "As a mean over 10 s, frame headers included; more: 4002 `rate_limited`",
  },
  kinds: { default: "any", unit: "any or text", what: "`text` answers the first frame of a binary message with 1003 `binary_unsupported`" },
} as const satisfies Record<keyof WebSocketLimits, LimitDoc>;

/** Fills defaults and checks. Throws a TypeError that names the limit and what was expected. */
export function resolveWebSocketLimits(given: Partial<WebSocketLimits> = {}): WebSocketLimits {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(webSocketLimitDocs, name)) throw new TypeError(`Expected a known WebSocket limit, got \`${name}\``);
  }
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(webSocketLimitDocs) as [keyof WebSocketLimits, LimitDoc][]) {
    const value = given[name] ?? doc.default;
    if (!isAllowed(name, value, doc)) {
      const expected = name === "kinds" ? '"any" or "text"' : `a whole number of ${doc.unit}, at least 1${doc.never === true ? ' or "never"' : ""}`;
      throw new TypeError(`Expected \`${name}\` to be ${expected}, got ${JSON.stringify(value)}`);
    }
    filled[name] = value;
  }
  return Object.freeze(filled as unknown as WebSocketLimits);
}

function isAllowed(name: keyof WebSocketLimits, value: unknown, doc: LimitDoc): boolean {
  if (name === "kinds") return value === "any" || value === "text";
  if (value === "never") return doc.never === true;
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
