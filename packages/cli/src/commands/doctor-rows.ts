/**
 * The subcommands of `holdfast doctor`. A new one is one file in commands/doctor/ and one row here.
 */
import type { CommandRow } from "../command.ts";

export const doctorRows: Readonly<Record<string, CommandRow>> = {
  "doctor host": {
    summary: "Look at this machine: descriptors, queues, ports, timers, losses",
    load: async () => (await import("./doctor/host.ts")).doctorHost,
  },
  "doctor log": {
    summary: "Say what the lines of a log mean for connections",
    load: async () => (await import("./doctor/log.ts")).doctorLog,
  },
  "doctor agent": {
    summary: "Stand where the application stands, so that `doctor` sees both ends of the path",
    load: async () => (await import("./doctor/agent.ts")).doctorAgent,
  },
};
