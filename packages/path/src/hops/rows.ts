/**
 * What rows of the hop database have in common: kinds of activity, and where a row is known from. Only words for rows; a row itself
 * stands in its product's file.
 */
import type { Knob, ResetBy } from "../knob.ts";

type Origin = Pick<Knob, "grade" | "source" | "date">;

/** A whole request: what a timer between two requests waits for. */
export const nextRequest: ResetBy = { direction: "to_server", layer: "request" };
/** Bytes from the server to the client only. */
export const toClient: ResetBy = { direction: "to_client", layer: "payload" };
export const toServer: ResetBy = { direction: "to_server", layer: "payload" };
export const eitherWay: ResetBy = { direction: "either", layer: "payload" };
/** Bytes of the stream itself: HTTP/2 PING does not count. */
export const streamBytes: ResetBy = { direction: "either", layer: "stream" };
/** Any segment, TCP probes included. */
export const packets: ResetBy = { direction: "either", layer: "packet" };

const when = "2026-11";

/** Read in the product's own document or code. */
export const readIn = (source: string): Origin => ({ grade: "read", source, date: when });
/** Seen here: the command or the program that shows it. */
export const measuredBy = (source: string): Origin => ({ grade: "measured", source, date: when });
/** Read in somebody else's words. */
export const secondHand = (source: string): Origin => ({ grade: "secondary", source, date: when });
/** Commonly said, not read in its document: what is to be read. Such a row never leads to an error. */
export const unverified = (toBeRead: string): Origin => ({ grade: "unverified", source: `not read yet: ${toBeRead}`, date: when });
