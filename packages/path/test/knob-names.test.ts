/**
 * Lint and the emitters speak of knobs by the names of the hop database. A name that the database lacks would be passed over without a word, so each
 * tool reads a file with everything in it, each emitter is watched as it asks, and no name may be unknown. What lint can not read is listed here.
 */
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { EmittedHop } from "../src/emitters/hop.ts";
import { emitters } from "../src/emitters/index.ts";
import { products } from "../src/hops/index.ts";
import type { Value } from "../src/knob.ts";
import { planPath } from "../src/ladder/index.ts";
import { toolOf } from "../src/lint/index.ts";
import { serverOptionNames } from "../src/lint/node/shape.ts";
import type { Route, ToolId } from "../src/lint/tool.ts";

const knobsOf = (product: string): string[] => products[product]?.knobs.map(({ name }) => name) ?? [];
const unknownTo = (product: string, names: Iterable<string>): string[] => [...names].filter((name) => !knobsOf(product).includes(name));

function routesOf(id: ToolId, file: string, text: string): readonly Route[] {
  const source = { file, text };
  const tool = toolOf(source, id);
  assert.ok(tool !== null);
  return tool.read([source], { versions: {}, behind: null }).routes;
}

/** The names of all values that these routes have for a product, with the values. */
function valuesOf(product: string, routes: readonly Route[]): Map<string, Value> {
  return new Map(routes.flatMap(({ hop }) => (hop.product === product ? Object.entries(hop.values) : [])));
}

const nginxFile = `
worker_processes 2;
worker_shutdown_timeout 30s;
worker_rlimit_nofile 4096;
events { worker_connections 1000; }
http {
  keepalive_timeout 70s; keepalive_requests 900; keepalive_time 50m; client_header_timeout 11s; client_body_timeout 12s; send_timeout 13s;
  ssl_session_timeout 14m; ssl_session_tickets off;
  upstream app { server 127.0.0.1:3000; keepalive 16; keepalive_timeout 50s; keepalive_requests 800; keepalive_time 40m; }
  server {
    listen 80;
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_connect_timeout 5s; proxy_read_timeout 61s;
      proxy_send_timeout 62s; proxy_buffering off; proxy_socket_keepalive on;
    }
    location /grpc { grpc_pass grpc://app; grpc_read_timeout 63s; grpc_send_timeout 64s; }
  }
}
stream { server { listen 5432; proxy_pass 127.0.0.1:5433; proxy_timeout 20m; proxy_connect_timeout 6s; proxy_socket_keepalive on; } }
`;

const haproxyFile = `
global
  maxconn 5000
  hard-stop-after 60s
defaults
  mode http
  timeout connect 5s
  timeout client 31s
  timeout server 32s
  timeout http-request 10s
  timeout http-keep-alive 33s
  timeout queue 7s
  timeout tunnel 1h
  timeout client-fin 30s
  timeout server-fin 29s
  option clitcpka
  option srvtcpka
  option idle-close-on-response
frontend users
  bind :80
  maxconn 4000
  default_backend app
backend app
  http-reuse always
  server one 127.0.0.1:3000 maxconn 100 pool-purge-delay 6s pool-max-conn 20
`;

const caddyFile = `
{
	grace_period 10s
	servers {
		timeouts {
			idle 4m
			read_header 20s
			read_body 30s
			write 40s
			read_idle 50s
			write_idle 51s
		}
	}
}
:80 {
	reverse_proxy 127.0.0.1:3000 {
		stream_timeout 24h
		stream_close_delay 5m
		transport http {
			keepalive 90s
			keepalive_interval 20s
			keepalive_idle_conns_per_host 10
			dial_timeout 2s
			response_header_timeout 31s
			read_timeout 32s
			write_timeout 33s
			max_conns_per_host 100
		}
	}
}
`;

/** Files with everything that a tool's routes read, and the knobs of the product that no such file sets, with the reason. */
const everything: readonly [tool: ToolId, product: string, file: string, text: string, unread: Readonly<Record<string, string>>][] = [
  [
    "nginx",
    "nginx",
    "nginx.conf",
    nginxFile,
    {
      keepalive_min_timeout: "decides no link: it only keeps connections for longer",
      lingering_timeout: "after the last answer",
      lingering_time: "after the last answer",
      "listen so_keepalive": "its three figures are no one value",
      ssl_session_cache: "a rule of its own reads it",
    },
  ],
  ["haproxy", "haproxy", "haproxy.cfg", haproxyFile, { "idle-ping": "HAProxy 3.2 and later, on bind and server lines" }],
  ["caddy", "caddy", "Caddyfile", caddyFile, {}],
];

describe("what lint reads", () => {
  for (const [tool, product, file, text, unread] of everything) {
    it(`${tool}: is called as in the hop database, and is all of it`, () => {
      const values = valuesOf(product, routesOf(tool, file, text));
      assert.deepEqual(unknownTo(product, values.keys()), []);
      assert.deepEqual(
        knobsOf(product).filter((name) => !values.has(name)),
        Object.keys(unread),
      );
    });
    it(`${tool}: is of the knob's unit`, () => {
      for (const [name, value] of valuesOf(product, routesOf(tool, file, text))) {
        const unit = products[product]?.knobs.find((knob) => knob.name === name)?.unit;
        const type = unit === "switch" ? "boolean" : unit === "word" ? "string" : "number";
        assert.ok(typeof value === type || value === "never", `${name} is ${JSON.stringify(value)}, its unit ${unit}`);
      }
    });
  }

  it("caddy: 0 is the default where Caddy takes it for that, no limit elsewhere; off is no reuse", () => {
    const zeros = caddyFile.replaceAll(/ \d+[smh]?$/gm, " 0");
    const values = valuesOf("caddy", routesOf("caddy", "Caddyfile", zeros));
    assert.deepEqual(
      knobsOf("caddy").filter((name) => !values.has(name)),
      [
        "timeouts idle",
        "timeouts read_header",
        "transport keepalive",
        "transport keepalive_idle_conns_per_host",
        "transport keepalive_interval",
        "transport dial_timeout",
      ],
    );
    assert.equal(values.get("transport max_conns_per_host"), "never");
    assert.equal(values.get("stream_close_delay"), 0);
    assert.equal(valuesOf("caddy", routesOf("caddy", "Caddyfile", caddyFile.replace("keepalive 90s", "keepalive off"))).get("transport keepalive"), 0);
  });
  it("node: the options of http.Server by which a file is known are knobs, or none that time concerns", () => {
    const others = ["maxHeaderSize", "keepAliveInitialDelay", "noDelay"];
    assert.deepEqual(unknownTo("node", serverOptionNames), others);
  });
  it("node: options of clients keep their names, and seconds become ms", () => {
    const text = JSON.stringify({
      pg: { host: "db", port: 5432, max: 5, maxLifetimeSeconds: 60, ...Object.fromEntries(msNames("node-postgres").map((name) => [name, 7_000])) },
      undici: { origin: "http://app:3000", "connect.timeout": 7_000, ...Object.fromEntries(msNames("undici").map((name) => [name, 7_000])) },
      agent: { origin: "http://app:3000", ...Object.fromEntries(msNames("node-agent").map((name) => [name, 7_000])) },
      pool: { origin: "http://app:3000", ...Object.fromEntries(msNames("holdfast-pool").map((name) => [name, 7_000])) },
      grpc: { address: "app:50051", ...Object.fromEntries(msNames("grpc-client").map((name) => [name, 7_000])) },
    });
    const routes = routesOf("node", "options.json", text);
    for (const product of ["node-postgres", "undici", "node-agent", "holdfast-pool", "grpc-client"]) {
      const values = valuesOf(product, routes);
      assert.deepEqual(
        msNames(product).filter((name) => !values.has(name)),
        [],
        product,
      );
    }
    assert.equal(valuesOf("node-postgres", routes).get("maxLifetimeSeconds"), 60_000);
  });
});

const msNames = (product: string): string[] =>
  products[product]?.knobs.flatMap(({ name, unit }) => (unit === "ms" && name !== "maxLifetimeSeconds" ? [name] : [])) ?? [];

describe("what the emitters ask for", () => {
  const cases: readonly [emitter: keyof typeof emitters, product: string][] = [
    ["nginx", "nginx"],
    ["haproxy", "haproxy"],
    ["caddy", "caddy"],
    ["node", "node"],
    ["holdfast", "holdfast"],
    ["holdfast", "holdfast-guard"],
    ["serve", "holdfast"],
  ];
  for (const [emitter, product] of cases) {
    it(`${emitter} of ${product}: each knob is one of the product`, () => {
      const asked = new Set<string>();
      const { read } = EmittedHop.prototype;
      const watched = mock.method(EmittedHop.prototype, "read", function (this: EmittedHop, knob: string) {
        asked.add(knob);
        return read.call(this, knob);
      });
      try {
        emitters[emitter](
          planPath({
            hops: [
              { name: "user", product: "browser", values: {} },
              { name: product, product, values: {} },
            ],
          }),
        );
      } finally {
        watched.mock.restore();
      }
      assert.ok(asked.size > 3, [...asked].join(", "));
      // Node's emitter writes guard's options beside Node's own.
      assert.deepEqual(
        unknownTo(product, asked).filter((name) => emitter !== "node" || !knobsOf("holdfast-guard").includes(name)),
        [],
      );
    });
  }
  it("sysctl: each line is a knob of the kernel", () => {
    const text = emitters.sysctl(
      planPath({
        hops: [
          { name: "user", product: "browser", values: {} },
          { name: "node", product: "node", values: {} },
        ],
      }),
    );
    const names = text.split("\n").flatMap((line) => /^([\w.]+) = /.exec(line)?.[1] ?? []);
    assert.ok(names.length > 4, text);
    assert.deepEqual(unknownTo("linux", names), []);
  });
});
