/**
 * What a light client says and expects on each kind of wire. Data and small pure functions; light-link.ts acts them out.
 */
import { helloMessage, textMember } from "./holdfast-messages.ts";

/** The kinds of wire that the contenders speak. */
export type Wire = "holdfast" | "plain" | "socket.io" | "holdfast sse" | "holdfast EventSource" | "holdfast poll" | "plain EventSource" | "plain poll";

export interface Script {
  /** How messages come: as frames after an upgrade, as `data:` lines of an event stream, or as lines of one response after another. */
  readonly carriedBy: "frames" | "events" | "responses";
  readonly path: string;
  readonly subprotocol: string | null;
  /** What is said right after the upgrade, or in the body of the request; without a body it is a GET. */
  readonly greeting: readonly string[];
  /** The answer to a message that came before the link was ready. `null`: nothing; `ready`: from now on count. */
  greet(message: string): string | "ready" | null;
  /** Ready at once after the upgrade, or after the head of the response. */
  readonly readyAtOnce: boolean;
  /** Whether a counted frame carries an entry; what it is otherwise needs no counting. */
  isEntry(bytes: Uint8Array, start: number): boolean;
  /** Told of every entry, where what is asked next depends on it. */
  readonly took?: (bytes: Uint8Array, start: number, end: number) => void;
  /** The answer to a frame that is no entry; over responses, the body of the next request. */
  answer(bytes: Uint8Array, start: number, end: number): string | null;
  /** Bytes after the payload within a frame. */
  readonly afterPayloadBytes: number;
  /** Sent now and then so that the server sees life; null when it does not ask for it. */
  readonly beat: string | null;
}

/** The stream that fan-out uses. */
export const stream = "bench/fan-out";

const code = (text: string): number => text.charCodeAt(0);
const typeAt = '{"type":"'.length;

const holdfast: Script = {
  carriedBy: "frames",
  path: "/v1/link",
  subprotocol: "holdfast.v1",
  greeting: [helloMessage, `{"type":"subscribe","id":1,"stream":"${stream}","from":"now"}`],
  greet: (message) => (message.startsWith('{"type":"subscribed"') ? "ready" : null),
  readyAtOnce: false,
  isEntry: (bytes, start) => bytes[start + typeAt] === code("e"),
  answer: () => null,
  afterPayloadBytes: 1,
  beat: '{"type":"beat"}',
};

const plain: Script = {
  carriedBy: "frames",
  path: "/",
  subprotocol: null,
  greeting: [],
  greet: () => null,
  readyAtOnce: true,
  isEntry: () => true,
  answer: () => null,
  afterPayloadBytes: 0,
  beat: null,
};

/** Engine.IO 4: `0` opens, `2` is a ping and `3` its answer; Socket.IO 5 on top: `40` connects, `42` is an event. */
const socketIo: Script = {
  carriedBy: "frames",
  path: "/socket.io/?EIO=4&transport=websocket",
  subprotocol: null,
  greeting: [],
  greet: (message) => (message.startsWith("40") ? "ready" : message.startsWith("0") ? "40" : null),
  readyAtOnce: false,
  isEntry: (bytes, start) => bytes[start] === code("4"),
  answer: (bytes, start) => (bytes[start] === code("2") ? "3" : null),
  afterPayloadBytes: 1,
  beat: null,
};

/** The chunk of no bytes, which ends a response, as a line. */
const isLastChunk = (bytes: Uint8Array, start: number, end: number): boolean => end - start === 2 && bytes[start] === code("0");
/** Heads of responses are lines like others. */
const isObject = (bytes: Uint8Array, start: number): boolean => bytes[start] === code("{");

/** As Holdfast's own clients ask for an event stream. */
const holdfastSse: Script = { ...holdfast, carriedBy: "events", path: "/v1/sse", subprotocol: null, beat: null };

/** As a browser's EventSource asks. */
const holdfastEventSource: Script = { ...holdfastSse, path: `/v1/sse?stream=${encodeURIComponent(stream)}`, greeting: [] };

const plainEventSource: Script = { ...plain, carriedBy: "events" };

const plainPoll: Script = {
  ...plain,
  carriedBy: "responses",
  isEntry: isObject,
  answer: (bytes, start, end) => (isLastChunk(bytes, start, end) ? "" : null),
  afterPayloadBytes: 1,
};

/** What a long-poll says, from a position or from now on. */
const pollMessages = (from: string): string[] => [helloMessage, `{"type":"subscribe","id":1,"stream":"${stream}","from":${from}}`];

/** One link's polls: each asks for what comes after the last entry of those before. */
function holdfastPoll(): Script {
  let position = "";
  return {
    ...holdfast,
    carriedBy: "responses",
    path: "/v1/poll",
    subprotocol: null,
    greeting: pollMessages('"now"'),
    greet: (message) => {
      if (!message.startsWith('{"type":"subscribed"')) return null;
      position = textMember(message, "position");
      return "ready";
    },
    isEntry: (bytes, start) => isObject(bytes, start) && holdfast.isEntry(bytes, start),
    took: (bytes, start, end) => {
      position = textMember(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"), "position");
    },
    answer: (bytes, start, end) => (isLastChunk(bytes, start, end) ? pollMessages(`{"after":"${position}"}`).join("\n") : null),
    beat: null,
  };
}

export const scripts = {
  holdfast,
  plain,
  "socket.io": socketIo,
  "holdfast sse": holdfastSse,
  "holdfast EventSource": holdfastEventSource,
  "plain EventSource": plainEventSource,
  "plain poll": plainPoll,
} as const satisfies Partial<Record<Wire, Script>>;

/** The script of one link. */
export function scriptFor(wire: Wire): Script {
  return wire === "holdfast poll" ? holdfastPoll() : scripts[wire];
}
