/**
 * What tabs of one origin share, and what they say to each other: channels that every tab hears, and locks that one tab holds at a time.
 * Types only. Tabs must never depend on a message having been heard: whoever spoke may be gone, and whoever listens may be frozen.
 */
import type { Status } from "../status.ts";

/** One end of a channel. It does not hear what it says itself; other ends in the same tab do. */
export interface Channel {
  /** Says a value that can be cloned. What is said before `close` is still heard. */
  post(message: unknown): void;
  close(): void;
}

/** The platform's part. */
export interface Sharing {
  channel(name: string, onMessage: (message: unknown) => void): Channel;
  /**
   * Asks for a lock: at its turn, or at once from whoever holds it. `held` is called when it is this tab's, never before `lock` has
   * returned; `lost` when somebody else took it, or when it cannot be had. Returns the way to let go, after which neither is called.
   */
  lock(name: string, how: "wait" | "steal", held: () => void, lost: () => void): () => void;
}

/** The status of the leader's link, and who the leader is. */
export interface Here extends Status {
  /** Another each time that a tab takes the lead. */
  readonly leader: string;
}

/** What is said on the channel that all tabs hear. */
export type Call =
  /** Is there a leader? */
  | { readonly type: "who" }
  /** The leader answers, or has news of its link. */
  | { readonly type: "here"; readonly here: Here }
  /** The leader leaves in order. */
  | { readonly type: "bye"; readonly leader: string }
  /** A tab wants to be served on the channel of this link. */
  | { readonly type: "dial"; readonly leader: string; readonly link: string; readonly tab: string };

/**
 * What is said on the channel of a link. From the tab: a message of the protocol, `true` when the last batch has been taken, `null` when
 * the link is over. From the leader: a batch of messages (the first one, perhaps empty, opens the link), or the end.
 */
export type ToLeader = string | true | null;
export type ToTab = readonly string[] | { readonly closeCode: number; readonly reason: string };

/** Whether a link with this status brings what there is. */
export const isUp = ({ state }: Status): boolean => state === "live" || state === "catching-up";
