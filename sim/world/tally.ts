/**
 * Reads the "sometimes" points of a run off the counters of its parts.
 */
import type { Points } from "../points.ts";
import type { ClientNode } from "./client-node.ts";
import type { ServerNode } from "./server-node.ts";

export function tally(points: Points, clients: readonly ClientNode[], server: ServerNode): void {
  for (const hub of server.hubs) {
    const { counters } = hub;
    points.hit("resume from tail", counters.resumesFromTail);
    points.hit("resume from page", counters.resumesFromPage);
    points.hit("duplicate publish recognized", counters.publishedDuplicates);
    points.hit("out of order recovered", counters.refused.get("out_of_order") ?? 0);
    points.hit("unknown outcome", counters.refused.get("unknown_outcome") ?? 0);
    points.hit("engine busy", counters.refused.get("engine_busy") ?? 0);
    points.hit("too many links", counters.refused.get("too_many_links") ?? 0);
    points.hit("refused while draining", counters.refused.get("draining") ?? 0);
    points.hit("server found a dead link", counters.closed.get("heartbeat_lost") ?? 0);
    points.hit("stalled link closed", counters.closed.get("slow_consumer") ?? 0);
    points.hit("doubt", counters.tailDoubts);
    points.hit("page shared", counters.pageHits);
    points.hit("tail evicted", counters.tailEvictions);
  }
  for (const engine of server.engines) points.hit("hint instead of event", engine.hints);
  points.hit("restart", server.starts - 1);
  points.hit("fork", server.forks);
  points.hit("engine failover", server.failovers);
  points.hit("goaway", server.drains);
  for (const node of clients) {
    points.hit("client restart", node.starts - 1);
    for (const counters of node.counters()) {
      points.hit("probe found a dead link", counters.lost);
      points.hit("slow consumer cut back", counters.cutbacks);
      points.hit("duplicate on the wire", counters.duplicates);
    }
  }
}
