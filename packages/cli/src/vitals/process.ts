/**
 * `vitals/process`: memory, CPU and event loop of this server, and its links by transport and age.
 */
import type { Vital } from "./vital.ts";

export const processVital: Vital = {
  stream: "vitals/process",
  read: async (machine, figures) => {
    const { rssBytes, heapUsedBytes, heapTotalBytes, externalBytes } = machine.memory();
    return {
      rssBytes,
      heapUsedBytes,
      heapTotalBytes,
      externalBytes,
      cpuMs: round(machine.cpuMs()),
      uptimeMs: round(machine.uptimeMs()),
      loopDelay: machine.loopDelay(),
      links: figures.links,
      linksByTransport: figures.linksByTransport,
      // Ages of links that do not exist are not 0.
      oldestLinkMs: figures.links === 0 ? null : round(figures.oldestLinkMs),
      meanLinkMs: figures.links === 0 ? null : round(figures.meanLinkMs),
      subscriptions: figures.subscriptions,
      streams: figures.streams,
    };
  },
};

const round = (value: number): number => Math.round(value);
