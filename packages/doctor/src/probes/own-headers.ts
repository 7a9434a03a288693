/**
 * Header lines that a caller may not set: they decide how the connection is kept, which is what is measured. Data.
 */
export const ownHeaders: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"],
  ...["sec-websocket-key", "sec-websocket-version"],
]);
