/**
 * Header lines that a caller may not set: they decide how the connection is kept, which is what is measured. Data.
 */
export const ownHeaders: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"],
  ...["sec-websocket-key", "sec-websocket-version"],
]);
