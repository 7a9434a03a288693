/**
 * The list of commands. A new command is one file in commands/ and one row here; a name of two words is a subcommand.
 */
import type { CommandRow } from "./command.ts";
import { doctorRows } from "./commands/doctor-rows.ts";
import { poolRows } from "./commands/pool.ts";

export const commandRows: Readonly<Record<string, CommandRow>> = {
  serve: { summary: "Run a server", load: async () => (await import("./commands/serve.ts")).serve },
  publish: { summary: "Append entries to a stream, from arguments or stdin", load: async () => (await import("./commands/publish.ts")).publish },
  tail: { summary: "Print a stream's entries and stay for those that follow", load: async () => (await import("./commands/tail.ts")).tail },
  verify: {
    summary: "Break links on purpose and compare with the log: is anything lost, duplicated or reordered?",
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  connections: {
    summary: "List the connections of a server, or end one",
    load: async () => (await import("./commands/connections.ts")).connections,
  },
  streams: { summary: "List streams: head, first, entries, bytes, readers", load: async () => (await import("./commands/streams.ts")).streams },
  time: { summary: "Show where the time of requests goes, and whether keep-alive works", load: async () => (await import("./commands/time.ts")).time },
  plan: { summary: "Derive every timer of a path from its hops, and show what breaks", load: async () => (await import("./commands/plan.ts")).plan },
  lint: {
    summary: "Read configurations: which lines break connections, alone and against each other, and what to write instead",
    load: async () => (await import("./commands/lint.ts")).lint,
  },
  doctor: { summary: "Measure the way to a URL, and say what to change", load: async () => (await import("./commands/doctor.ts")).doctor },
  ...doctorRows,
  ...poolRows,
};
