/**
 * What workers may hold: connections, descriptors, the queue of new ones, and old workers after a reload.
 */
import type { Finding } from "../../../finding.ts";
import { type Case, type Rule, report, told } from "../rule.ts";
import { own } from "../scope.ts";
import { nginxCount } from "../units.ts";
import { eventsOf } from "./pool.ts";

const connectionsDefault = 512;
const softLimitUsual = 1024;
const backlogDefault = 511;
/** From here on, that many clients coming back at once overrun the default queue by far. */
const manyConnections = 16_384;

/** A way that holds connections open for long, if there is one. */
const streamOf = (given: Case) => given.site.ways.find((way) => ["websocket", "event-stream", "grpc"].includes(told(given, way).carries)) ?? null;

function connectionsOf({ site }: Case) {
  const directive = own(eventsOf(site.main), "worker_connections");
  return { directive, count: directive === null ? connectionsDefault : nginxCount(directive.args[0]) };
}

export const workerConnections: Rule = (given) => {
  const { directive, count } = connectionsOf(given);
  const stream = streamOf(given);
  if (!given.site.isWhole || stream === null || count === null || count > softLimitUsual) return [];
  return [
    report("nginx_worker_connections_low", {
      title: `a worker may hold ${count} connections${directive === null ? " (the default)" : ""}, which is ${Math.floor(count / 2)} open streams at most: each takes two`,
      place: directive?.place ?? eventsOf(given.site.main).place,
      related: [stream.pass.place],
      advice: ["worker_connections 32768;", "worker_rlimit_nofile 65536;   # in the main block"],
    }),
  ];
};

export const nofile: Rule = (given) => {
  const { directive, count } = connectionsOf(given);
  if (!given.site.isWhole || directive === null || count === null) return [];
  const limit = own(given.site.main, "worker_rlimit_nofile");
  const files = limit === null ? softLimitUsual : nginxCount(limit.args[0]);
  if (files === null || files >= count || (limit === null && count <= softLimitUsual)) return [];
  const known = limit === null ? `the usual soft limit is ${softLimitUsual}` : `worker_rlimit_nofile is ${files}`;
  return [
    report("nginx_nofile_low", {
      title: `a worker may hold ${count} connections, and ${known}`,
      place: limit?.place ?? directive.place,
      related: limit === null ? [] : [directive.place],
      advice: [`worker_rlimit_nofile ${Math.ceil((count * 1.1) / 1024) * 1024};`],
      ...(limit === null ? { severity: "info" } : {}),
    }),
  ];
};

export const backlog: Rule = (given) => {
  const { directive, count } = connectionsOf(given);
  const listens = given.site.servers.flatMap((server) => server.listens);
  const isSaid = listens.some(({ words }) => words.some((word) => word.startsWith("backlog=")));
  const listen = listens[0];
  if (!given.site.isWhole || directive === null || count === null || count < manyConnections || isSaid || listen === undefined || streamOf(given) === null)
    return [];
  return [
    report("nginx_backlog", {
      title: `${count} connections a worker, and a queue of ${backlogDefault} for those who come back all at once`,
      place: listen.place,
      related: [directive.place],
      advice: ["listen ... backlog=4096;", "net.core.somaxconn = 4096"],
    }),
  ];
};

export const reloadUnbounded: Rule = (given): readonly Finding[] => {
  const stream = streamOf(given);
  if (!given.site.isWhole || stream === null || own(given.site.main, "worker_shutdown_timeout") !== null) return [];
  return [
    report("nginx_reload_unbounded", {
      title: "after a reload old workers stay for as long as their last stream lives",
      place: given.site.main.place,
      related: [stream.pass.place],
      advice: ["worker_shutdown_timeout 30s;   # in the main block"],
    }),
  ];
};
