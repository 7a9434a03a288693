/**
 * The ways through nginx as routes for the links between files: addresses, and values by the names of the hop database.
 */
import type { Place } from "../../declared.ts";
import type { Value } from "../../knob.ts";
import type { Route } from "../tool.ts";
import { connectionHeader, toldOf } from "./carries.ts";
import type { Directive } from "./parser.ts";
import { eventsOf } from "./rules/pool.ts";
import { held, own, type Scope } from "./scope.ts";
import { forwardsOf, headerOf, type Site, type Way } from "./site.ts";
import { nginxCount, nginxTimeMs } from "./units.ts";

/** How a directive's first argument becomes a value; null where it can not. */
type Read = (text: string) => Value | null;

const time: Read = nginxTimeMs;
const count: Read = nginxCount;
const text: Read = (word) => word;
const onOff: Read = (word) => (word === "on" ? true : word === "off" ? false : null);

/** What is inherited along the location, by way of kind; knobs are called as their directives. */
const inherited: Readonly<Record<Way["kind"], Readonly<Record<string, Read>>>> = {
  proxy: {
    ...{ keepalive_timeout: time, keepalive_requests: count, keepalive_time: time, client_header_timeout: time, client_body_timeout: time },
    ...{ send_timeout: time, proxy_connect_timeout: time, proxy_read_timeout: time, proxy_send_timeout: time, proxy_buffering: onOff },
    ...{ proxy_http_version: text, proxy_socket_keepalive: onOff, ssl_session_timeout: time, ssl_session_tickets: onOff },
  },
  grpc: {
    keepalive_timeout: time,
    keepalive_requests: count,
    keepalive_time: time,
    client_body_timeout: time,
    send_timeout: time,
    grpc_read_timeout: time,
    grpc_send_timeout: time,
  },
  tcp: { proxy_socket_keepalive: onOff },
};

class Values {
  readonly values: Record<string, Value> = {};
  readonly places: Record<string, Place> = {};

  put(knob: string, value: Value | null, place: Place): void {
    if (value === null) return;
    this.values[knob] = value;
    this.places[knob] = place;
  }

  read(knob: string, directive: Directive | null, read: Read): void {
    if (directive !== null) this.put(knob, read(directive.args[0] ?? ""), directive.place);
  }
}

export function routesOf(site: Site, version: string): Route[] {
  return site.ways.map((way) => {
    const found = new Values();
    for (const [name, read] of Object.entries(inherited[way.kind])) found.read(name, held(way.scope, name), read);
    readPool(way, site, version, found);
    readWorkers(site.main, found);
    const workers = nginxCount(own(site.main, "worker_processes")?.args[0]);
    return {
      place: way.pass.place,
      listens: way.server?.listens.map(({ address }) => address) ?? [],
      forwards: forwardsOf(way),
      carries: toldOf(way, site, version).carries,
      hop: {
        name: "nginx",
        product: "nginx",
        version,
        values: found.values,
        places: found.places,
        ...(workers === null || workers < 1 ? {} : { processes: workers }),
      },
    };
  });
}

function readPool(way: Way, site: Site, version: string, found: Values): void {
  const { kind, upstream, pass, scope } = way;
  if (kind === "tcp") {
    found.read("stream proxy_timeout", held(scope, "proxy_timeout"), time);
    found.read("stream proxy_connect_timeout", held(scope, "proxy_connect_timeout"), time);
  }
  // Without a block there is nothing to keep connections in, whatever the version.
  if (upstream === null || kind === "tcp") {
    found.put("upstream keepalive", 0, pass.place);
    return;
  }
  found.read("upstream keepalive", own(upstream.scope, "keepalive"), count);
  found.read("upstream keepalive_timeout", own(upstream.scope, "keepalive_timeout"), time);
  found.read("upstream keepalive_requests", own(upstream.scope, "keepalive_requests"), count);
  found.read("upstream keepalive_time", own(upstream.scope, "keepalive_time"), time);
  if (kind === "grpc") {
    // HTTP/2, where neither is asked.
    found.put("proxy_http_version", "2", pass.place);
    found.put("proxy_set_header Connection", "", pass.place);
    return;
  }
  const connection = headerOf(way, "Connection");
  if (connection !== null) found.put("proxy_set_header Connection", connectionHeader(way, site, version, false), connection.place);
}

function readWorkers(main: Scope, found: Values): void {
  found.read("worker_connections", own(eventsOf(main), "worker_connections"), count);
  found.read("worker_rlimit_nofile", own(main, "worker_rlimit_nofile"), count);
  found.read("worker_shutdown_timeout", own(main, "worker_shutdown_timeout"), time);
}
