/**
 * Follows a client's status for a command: tells changes, and gives up when the first link does not come about in time.
 * Once there was a link it never gives up: from then on the client resumes.
 */
import type { Client, Status } from "@holdfast/client";
import type { Clock, Timer } from "@holdfast/protocol";
import { codeText } from "./code-text.ts";
import { escapeLine } from "./escape.ts";

/** Why a command cannot go on. */
export interface LinkFailure {
  readonly exit: "unreachable" | "refused";
  readonly message: string;
}

export interface LinkWatch {
  /** There is something to carry from now on: the first link is due. The client dials only then. */
  begin(): void;
  /** Aborted with a LinkFailure as its reason. */
  readonly failed: AbortSignal;
  stop(): void;
}

/** After this a person wants to know what is being waited for. */
const slowMs = 1_000;

/** Watches until `stop`. `changed` is called with the new state and why, for people. */
export function watchLink(client: Client, clock: Clock, url: string, connectMs: number, changed: (line: string) => void): LinkWatch {
  const failed = new AbortController();
  let before = client.status.getSnapshot();
  let slow: Timer | null = null;
  let patience: Timer | "not begun" | "linked" = "not begun";
  const giveUp = (): void => {
    const { code, reason } = client.status.getSnapshot();
    const message = code === "token_failed" ? `no token for ${url} within ${connectMs} ms: ${reason}` : `cannot reach ${url} within ${connectMs} ms`;
    failed.abort({ exit: "unreachable", message } satisfies LinkFailure);
  };
  const linked = (): void => {
    if (typeof patience === "object") patience.cancel();
    slow?.cancel();
    patience = "linked";
  };
  const look = (): void => {
    const status = client.status.getSnapshot();
    if (status.linkId !== null) linked();
    if (phaseOf(status) !== phaseOf(before) || status.code !== before.code) changed(statusLine(status, url));
    before = status;
    if (status.state === "denied") {
      linked();
      failed.abort({ exit: "refused", message: `${url} refused: ${codeText(String(status.code), status.reason)}` } satisfies LinkFailure);
    }
  };
  const unsubscribe = client.status.subscribe(look);
  look();
  return {
    begin: () => {
      if (patience !== "not begun") return;
      patience = clock.after(connectMs, giveUp);
      slow = clock.after(slowMs, () => changed(`still connecting to ${url}, for at most ${connectMs} ms`));
    },
    failed: failed.signal,
    stop: () => {
      linked();
      unsubscribe();
    },
  };
}

/** Each new entry makes a reader catch up for a moment: to a person that is a live link. */
const phaseOf = ({ state }: Status): Status["state"] => (state === "catching-up" ? "live" : state);

/** What a person is told of a failure: with the reason that `why` finds out, for the client often knows only that it failed. */
export async function failureLine(failure: LinkFailure, url: string, why: (url: string) => Promise<string | null>): Promise<string> {
  const reason = failure.exit === "unreachable" ? await why(url) : null;
  return reason === null ? failure.message : `${failure.message}: ${reason}`;
}

/** One line about the link. */
export function statusLine(status: Status, url: string): string {
  const { code, reason } = status;
  return escapeLine(`${phaseOf(status)}: ${url}${code === null ? "" : ` (${codeText(code, reason)})`}`);
}
