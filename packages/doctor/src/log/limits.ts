/** What reading a log may cost, whatever the log: memory does not grow with its length. */
export const logLimits = {
  lineCharsMax: { value: 16_384, unit: "characters", what: "Of a line that are looked at; the rest is not" },
  exampleCharsMax: { value: 300, unit: "characters", what: "Of an example that is shown, credentials and queries cut" },
  examplesMax: { value: 3, unit: "lines", what: "Shown for each finding" },
  placesMax: { value: 1_000, unit: "backends", what: "Counted by name for each finding; others count together" },
  durationMsMax: { value: 86_400_000, unit: "ms", what: "Durations above are counted and not looked at for spikes" },
} as const;
