/**
 * The transports that can be verified, in the order in which they are.
 */
export const transportNames = ["websocket", "sse", "poll"] as const;

export type TransportName = (typeof transportNames)[number];
