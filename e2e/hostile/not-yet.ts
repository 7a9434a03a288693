/**
 * Numbers of the table that no row has, each with the reason. A number leaves this list when it gets a row.
 */
import type { Part } from "./row.ts";

export interface Missing {
  readonly input: string;
  readonly why: string;
}

const noSessions = "There are no sessions: the server keeps nothing about a client after its link, and a link is bound to its connection";

export const notYet: Readonly<Partial<Record<`${Part}${number}`, Missing>>> = {
  C37: { input: "the same from a server to its client", why: "The client's sockets are the platform's; it is tested with them in `packages/client/test`" },
  D50: { input: "an acknowledgement of what was not delivered", why: "There are no acknowledgements: cursors are the client's" },
  D51: { input: "one session resumed twice at once", why: noSessions },
  D52: { input: "the id of another session", why: noSessions },
  G72: {
    input: "a session ticket older than two rotations",
    why: "Nothing hostile comes of it but a full handshake; `packages/guard/test/tls/tls-front.test.ts`",
  },
};
