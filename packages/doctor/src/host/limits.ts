/**
 * What a look at a host may cost.
 */
export const hostLimits = {
  socketsMax: { value: 200_000, unit: "sockets", what: "Looked at one by one; how many more there were is said" },
  commandMs: {
    value: 20_000,
    unit: "ms",
    what: "For `ss` or `nsenter` to answer; then the facts of /proc are used, or said to be unknown",
  },
} as const;
