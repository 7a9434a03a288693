/**
 * The transports that can be verified, in the order in which they are.
 */
export const transportNames = ["h2", "websocket", "sse", "poll", "grpc"] as const;

export type TransportName = (typeof transportNames)[number];
