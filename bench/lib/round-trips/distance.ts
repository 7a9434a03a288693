/**
 * A long way as a fault of the lab: half a round trip in each direction, and one round trip more before the first byte, which is TCP's own.
 *
 * A proxy of the lab accepts at once, because the kernel does, so a client sees no handshake of TCP however long the way is said to be.
 * Here everything that is sent in the first round trip of a connection counts as sent at its end: what leaves a client at 0 ms would have
 * left it after the SYN and its answer. From then on every byte is where it would be on that way. What is not made: loss, and the growth of
 * TCP's window, so what is carried must fit into the first one.
 *
 * Round trips are counted on the wire too, to be held against the model: one each time that the server's side speaks after the client's.
 */
import type { Fault } from "@holdfast/lab";

export interface Distance {
  readonly fault: Fault;
  /** Over all connections, without TCP's own. */
  readonly turns: () => number;
}

export function distance(rttMs: number): Distance {
  let turns = 0;
  return {
    turns: () => turns,
    fault: {
      name: "distance",
      async pipe(stage) {
        const shared = stage.shared(() => ({ clientSpoke: false }));
        for (let item = await stage.read(); item !== null; item = await stage.read()) {
          await stage.sleepUntil(Math.max(item.arrivedMs, stage.startedMs + rttMs) + rttMs / 2);
          if (item.kind === "bytes") {
            if (stage.direction === "to-client" && shared.clientSpoke) turns++;
            shared.clientSpoke = stage.direction === "to-server";
          }
          stage.write(item);
        }
      },
    },
  };
}
