/**
 * What a light client says and expects on each kind of wire. Data and small pure functions; light-link.ts acts them out.
 */
import { helloMessage } from "./holdfast-messages.ts";

/** The kinds of wire that the contenders speak. */
export type Wire = "holdfast" | "plain" | "socket.io";

export interface Script {
  readonly path: string;
  readonly subprotocol: string | null;
  /** What is said right after the upgrade. */
  readonly greeting: readonly string[];
  /** The answer to a message that came before the link was ready. `null`: nothing; `ready`: from now on count. */
  greet(message: string): string | "ready" | null;
  /** Ready at once after the upgrade. */
  readonly readyAtOnce: boolean;
  /** Whether a counted frame carries an entry; what it is otherwise needs no counting. */
  isEntry(bytes: Uint8Array, start: number): boolean;
  /** The answer to a frame that is no entry. */
  answer(bytes: Uint8Array, start: number): string | null;
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

export const scripts: Readonly<Record<Wire, Script>> = { holdfast, plain, "socket.io": socketIo };
