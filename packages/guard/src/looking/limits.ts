/**
 * What looking may cost: the limits of the admin listener and of the log, each with what is answered or counted beyond it.
 */

export const lookingLimits = {
  adminConnectionsMax: {
    value: 64,
    unit: "connections",
    what: "Open at once to the admin listener; one more is closed without words",
    code: "too_many_connections",
    metric: "holdfast_guard_admin_refused_total",
  },
  adminRequestMs: {
    value: 5_000,
    unit: "ms",
    what: "For a request to the admin listener to come, and again for the next one of that connection",
    code: "bad_request",
    metric: "holdfast_guard_admin_refused_total",
  },
  adminRowsMax: {
    value: 10_000,
    unit: "rows",
    what: "The `limit` of `GET /connections`; 100 where none is asked for. The answer says how many there are",
    code: "bad_request",
    metric: "holdfast_guard_admin_refused_total",
  },
  subjectCharsMax: {
    value: 256,
    unit: "characters",
    what: "Of a subject that the admin listener and the log show; the rest is left out",
    code: null,
    metric: null,
  },
  linesPerSecond: {
    value: 100,
    unit: "lines",
    what: "Of log about ended connections, where nothing else is said; then one `closes_suppressed`",
    code: null,
    metric: "holdfast_guard_log_suppressed_total",
  },
} as const;
