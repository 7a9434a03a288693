/**
 * The combinations that the keep-alive lab measures, and how many round trips each of them needs on paper. Pure.
 */

export type Version = "TLSv1.2" | "TLSv1.3";
export type Protocol = "HTTP/1.1" | "HTTP/2";

/** What stands between TCP and the first request. */
export interface Security {
  readonly label: string;
  readonly version: Version | null;
  readonly resumed: boolean;
  /** Round trips of the handshake: RFC 8446, section 2; RFC 5246, section 7.3. */
  readonly roundTrips: number;
}

export const securities: readonly Security[] = [
  { label: "plain", version: null, resumed: false, roundTrips: 0 },
  { label: "TLS 1.3, resumed", version: "TLSv1.3", resumed: true, roundTrips: 1 },
  { label: "TLS 1.3", version: "TLSv1.3", resumed: false, roundTrips: 1 },
  { label: "TLS 1.2, resumed", version: "TLSv1.2", resumed: true, roundTrips: 1 },
  { label: "TLS 1.2", version: "TLSv1.2", resumed: false, roundTrips: 2 },
];

export interface Cell {
  readonly protocol: Protocol;
  readonly connections: number;
  readonly security: Security;
  readonly keepAlive: boolean;
}

/** Every combination. */
export const cells: readonly Cell[] = (["HTTP/1.1", "HTTP/2"] as const).flatMap((protocol) =>
  [1, 6].flatMap((connections) => securities.flatMap((security) => [true, false].map((keepAlive) => ({ protocol, connections, security, keepAlive })))),
);

/** Round trips from the first request to the last answer. Each answer costs one; TCP costs one more, and TLS what it costs. */
export function roundTripsOf({ protocol, connections, security, keepAlive }: Cell, files: number): number {
  const setUp = 1 + security.roundTrips;
  const each = Math.ceil(files / connections);
  if (!keepAlive) return each * (setUp + 1);
  // All requests of a session are under way at once.
  return setUp + (protocol === "HTTP/2" ? 1 : each);
}

/** Connections that are opened. */
export function connectionsOf({ connections, keepAlive }: Cell, files: number): number {
  return keepAlive ? Math.min(connections, files) : files;
}

export const nameOf = ({ protocol, connections, security, keepAlive }: Cell): string =>
  `${protocol}, ${connections}, ${security.label}, ${keepAlive ? "on" : "off"}`;
