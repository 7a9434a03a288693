/** What reading a log may cost, whatever the log: memory does not grow with its length. */
export const logLimits = {
  lineCharsMax: { value: 16_384, unit: "characters", what: "Of a line that are looked at; the rest is not", code: null, metric: null },
  exampleCharsMax: { value: 300, unit: "characters", what: "Of an example that is shown, credentials and queries cut", code: null, metric: null },
  examplesMax: { value: 3, unit: "lines", what: "Shown for each finding", code: null, metric: null },
  placesMax: { value: 1_000, unit: "backends", what: "Counted by name for each finding; others count together", code: null, metric: null },
  durationMsMax: { value: 86_400_000, unit: "ms", what: "Durations above are counted and not looked at for spikes", code: null, metric: null },
} as const;
