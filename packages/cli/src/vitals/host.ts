/**
 * `vitals/host`: load and memory of the machine.
 */
import type { Vital } from "./vital.ts";

export const hostVital: Vital = {
  stream: "vitals/host",
  read: async (machine) => {
    const load = machine.load();
    const { totalBytes, availableBytes } = machine.hostMemory();
    return {
      load: load === null ? null : { oneMinute: load[0], fiveMinutes: load[1], fifteenMinutes: load[2] },
      cpus: machine.cpus(),
      memory: { totalBytes, availableBytes },
    };
  },
};
