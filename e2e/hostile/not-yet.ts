/**
 * Numbers of the table that no row has, each with the reason. A number leaves this list when it gets a row.
 */
import type { Part } from "./row.ts";

export interface Missing {
  readonly input: string;
  readonly why: string;
}

const authorization = "Needs authorization";
const noSessions = "There are no sessions: the server keeps nothing about a client after its link, and a link is bound to its connection";

export const notYet: Readonly<Partial<Record<`${Part}${number}`, Missing>>> = {
  A16: { input: "a token in the query", why: authorization },
  A17: { input: "a token that is expired, unsigned, or for somebody else", why: authorization },
  C37: { input: "the same from a server to its client", why: "The client's sockets are the platform's; it is tested with them in `packages/client/test`" },
  D45: { input: "a subscribe that is forbidden", why: authorization },
  D50: { input: "an acknowledgement of what was not delivered", why: "There are no acknowledgements: cursors are the client's" },
  D51: { input: "one session resumed twice at once", why: noSessions },
  D52: { input: "the id of another session", why: noSessions },
  D53: { input: "a permission that is taken back while a link lives", why: authorization },
  F67: { input: "gRPC messages above the limit", why: "gRPC is not spoken" },
  F68: { input: "gRPC messages in frames of one byte", why: "gRPC is not spoken" },
  G72: {
    input: "a session ticket older than two rotations",
    why: "Nothing hostile comes of it but a full handshake; `packages/guard/test/tls/tls-front.test.ts`",
  },
};
