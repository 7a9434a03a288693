/**
 * The settings that `serve` has beside those of the server and the engines; docs/options.md is made from them.
 */

interface OptionDoc {
  readonly default: string | boolean;
  readonly unit: string;
  readonly what: string;
}

/** Engines that `serve` can be told to use, the default first. */
export const engineNames = ["sqlite", "memory"] as const;
export type EngineName = (typeof engineNames)[number];

/** Defaults and meaning. */
export const cliOptionDocs = {
  engine: { default: engineNames[0], unit: "name", what: `Where streams live that no policy names an engine for: ${engineNames.join(" or ")}` },
  data: { default: "./holdfast-data", unit: "folder", what: "The folder of the SQLite database; made when only it is missing" },
  page: { default: true, unit: "switch", what: "Show the page at `/` that follows this server, and on which its wire can be cut" },
  vitals: { default: true, unit: "switch", what: "Publish this machine's vital signs once a second as vitals/sockets, vitals/process and vitals/host" },
} as const satisfies Record<string, OptionDoc>;
