/**
 * The messages of proto/holdfast/v1/line.proto as data for the codec. The file is their meaning; a test compares the two field by field.
 */
import type { Field, FieldKind, Schema } from "./protobuf.ts";

const of = (no: number, kind: FieldKind): Field => ({ no, kind });
const many = (no: number, kind: FieldKind): Field => ({ no, kind, repeated: true });
const maybe = (no: number, kind: FieldKind): Field => ({ no, kind, presence: "optional" });
const one = (oneof: string, no: number, kind: FieldKind): Field => ({ no, kind, presence: oneof });

const Hello = { client: of(1, "string"), token: of(2, "string"), replaces: of(3, "string") };
const Renewal = { id: of(1, "number"), token: of(2, "string") };
const Subscription = { id: of(1, "number"), stream: of(2, "string"), after: of(3, "string") };
const Ping = { id: of(1, "number") };
const Pong = { id: of(1, "number") };
const Producer = { id: of(1, "string"), epoch: of(2, "number"), seq: of(3, "number") };
const PublishRequest = {
  stream: of(1, "string"),
  json: one("payload", 2, "bytes"),
  binary: one("payload", 3, "bytes"),
  key: of(4, "string"),
  producer: of(5, Producer),
  dedupeKey: of(6, "string"),
  close: of(7, "bool"),
};
const LinkPublish = { id: of(1, "number"), entry: of(2, PublishRequest) };

const Welcome = {
  link: of(1, "string"),
  node: of(2, "string"),
  heartbeatMs: of(3, "number"),
  entryBytesMax: of(4, "number"),
  subscriptionsMax: of(5, "number"),
  reconnectWindowMs: of(6, "number"),
  expiresMs: maybe(7, "number"),
};
const Subscribed = { id: of(1, "number"), stream: of(2, "string"), position: of(3, "string"), head: of(4, "string") };
const Unsubscribed = { stream: of(1, "string"), id: maybe(2, "number"), code: of(3, "string"), message: of(4, "string") };
const Entry = {
  stream: of(1, "string"),
  position: of(2, "string"),
  prev: of(3, "string"),
  timeMs: of(4, "number"),
  key: of(5, "string"),
  json: one("payload", 6, "bytes"),
  binary: one("payload", 7, "bytes"),
};
const Gap = { stream: of(1, "string"), reason: of(2, "string"), position: of(3, "string"), after: of(4, "string"), head: of(5, "string") };
const Closed = { stream: of(1, "string"), position: of(2, "string") };
const StreamBeat = { stream: of(1, "string"), sent: of(2, "string"), head: of(3, "string") };
const Beat = { streams: many(1, StreamBeat), reconnectWindowMs: maybe(2, "number") };
const Goaway = { code: of(1, "string"), afterMs: of(2, "number"), deadlineMs: of(3, "number") };
const Renewed = { id: maybe(1, "number"), expiresMs: maybe(2, "number") };
const Published = { id: of(1, "number"), position: of(2, "string"), duplicate: of(3, "bool") };
const Refused = { id: of(1, "number"), code: of(2, "string"), message: of(3, "string"), afterMs: maybe(4, "number") };
const Fault = { code: of(1, "string"), message: of(2, "string") };

const answer = (no: number, kind: Schema): Field => one("message", no, kind);

/** Every message of the file, by its name there. */
export const lineSchema = {
  SubscribeRequest: {
    hello: of(1, Hello),
    renew: of(2, Renewal),
    unsubscribe: many(3, "string"),
    subscribe: many(4, Subscription),
    publish: many(5, LinkPublish),
    ping: of(6, Ping),
    pong: of(7, Pong),
  },
  Hello,
  Renewal,
  Subscription,
  LinkPublish,
  Ping,
  Pong,
  SubscribeResponse: {
    welcome: answer(1, Welcome),
    subscribed: answer(2, Subscribed),
    unsubscribed: answer(3, Unsubscribed),
    entry: answer(4, Entry),
    gap: answer(5, Gap),
    closed: answer(6, Closed),
    beat: answer(7, Beat),
    goaway: answer(8, Goaway),
    renewed: answer(9, Renewed),
    published: answer(10, Published),
    refused: answer(11, Refused),
    pong: answer(12, Pong),
    ping: answer(13, Ping),
    fault: answer(14, Fault),
  },
  Welcome,
  Subscribed,
  Unsubscribed,
  Entry,
  Gap,
  Closed,
  Beat,
  StreamBeat,
  Goaway,
  Renewed,
  Published,
  Refused,
  Fault,
  PublishRequest,
  Producer,
  PublishResponse: { position: of(1, "string"), duplicate: of(2, "bool") },
} as const satisfies Record<string, Schema>;
