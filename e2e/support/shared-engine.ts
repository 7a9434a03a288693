/**
 * One engine under several nodes of one process: what a database that all nodes reach would be. It is started by the first node, stopped
 * with the last, and each node hears of everything.
 */
import type { Engine, LiveEvent } from "@holdfast/server";

/** As many engines over `engine` as there are nodes. */
export function sharedEngine(engine: Engine, nodes: number): Engine[] {
  const sinks: ((event: LiveEvent) => void)[] = [];
  let started: Promise<void> | null = null;
  let running = nodes;
  engine.attach((event) => {
    for (const sink of sinks) sink(event);
  });
  return Array.from({ length: nodes }, () => ({
    name: engine.name,
    caps: engine.caps,
    start: () => {
      started ??= engine.start();
      return started;
    },
    stop: async () => {
      running--;
      if (running === 0) await engine.stop();
    },
    append: (batch) => engine.append(batch),
    read: (stream, options) => engine.read(stream, options),
    head: (stream) => engine.head(stream),
    list: (options) => engine.list(options),
    attach: (sink) => void sinks.push(sink),
    listen: (stream) => engine.listen(stream),
    health: () => engine.health(),
  }));
}
