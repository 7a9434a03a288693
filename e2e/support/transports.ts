/**
 * The transports as tests see them: one list with what each can do, so that a suite written once runs over all of them and says where
 * they differ instead of skipping.
 */
export interface TestedTransport {
  readonly name: "h2" | "grpc" | "websocket" | "sse" | "poll";
  /** The server can prove the client alive on the link, and frees it when it cannot. */
  readonly bothWays: boolean;
  /** A probe takes another connection: a dead one is replaced without the link being lost. */
  readonly heals: boolean;
  /** Subscriptions that one link can carry. */
  readonly streamsMax: number;
}

export const testedTransports: readonly TestedTransport[] = [
  { name: "h2", bothWays: true, heals: false, streamsMax: 128 },
  { name: "grpc", bothWays: true, heals: false, streamsMax: 128 },
  { name: "websocket", bothWays: true, heals: false, streamsMax: 128 },
  { name: "sse", bothWays: false, heals: true, streamsMax: 128 },
  { name: "poll", bothWays: false, heals: true, streamsMax: 128 },
];
