/**
 * From a measured silence to suspects: the reference's table of fingerprints, found from the database's defaults.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { productsIn, type Silence, type SilentKind, suspectsOf } from "../src/fingerprints.ts";

const seen = (seconds: number, of: SilentKind, more: Partial<Silence> = {}): Silence => ({
  of,
  atLeastMs: seconds * 1_000,
  atMostMs: seconds * 1_000,
  ...more,
});
const names = (silence: Silence): string[] => suspectsOf(silence).map(({ product, knob }) => `${product} ${knob}`);

describe("the table of fingerprints", () => {
  const cases: readonly [seconds: number, of: SilentKind, ...expected: string[]][] = [
    [5, "http1", "node keepAliveTimeout", "apache KeepAliveTimeout", "uvicorn timeout_keep_alive", "varnish timeout_idle"],
    [6, "http1", "node keepAliveTimeout"],
    [60, "http1", "aws-alb idle_timeout.timeout_seconds", "aws-clb ConnectionSettings.IdleTimeout"],
    [60, "websocket", "nginx proxy_read_timeout", "aws-alb idle_timeout.timeout_seconds", "aws-clb ConnectionSettings.IdleTimeout"],
    [55, "websocket", "heroku rolling window"],
    [66, "http1", "node keepAliveTimeout", "holdfast-guard keepAliveMs"],
    [75, "http1", "nginx keepalive_timeout", "ingress-nginx keep-alive"],
    [120, "event-stream", "cloudflare origin proxy read"],
    [180, "http1", "traefik respondingTimeouts.idleTimeout"],
    [240, "tcp", "azure-lb idleTimeoutInMinutes"],
    [300, "http1", "caddy timeouts idle"],
    [300, "grpc", "envoy stream_idle_timeout"],
    [300, "websocket", "azure-front-door websocket idle timeout", "envoy stream_idle_timeout"],
    [
      350,
      "tcp",
      "aws-nlb tcp.idle_timeout.seconds",
      "aws-nat-gateway idle timeout",
      "aws-network-firewall tcpIdleTimeoutSeconds",
      "aws-security-group-nitro-v6 TcpEstablishedTimeout",
    ],
    [400, "http2", "cloudflare client idle"],
    [610, "http1", "gcp-alb httpKeepAliveTimeoutSec"],
    [600, "tcp", "nginx stream proxy_timeout"],
    [900, "tcp", "kube-ipvs --ipvs-tcp-timeout", "docker-swarm ipvs tcp"],
    [1_200, "tcp", "gcp-cloud-nat tcpEstablishedIdleTimeoutSec"],
    [3_600, "http1", "envoy idle_timeout"],
  ];
  for (const [seconds, of, ...expected] of cases) {
    it(`${of}, ${seconds} s: ${expected.join(", ")}`, () => {
      const found = names(seen(seconds, of));
      for (const one of expected) assert.ok(found.includes(one), `${one} is among ${found.join("; ")}`);
    });
  }
  it("has the pools of proxies where the silence was seen by the server", () => {
    const atServer = names(seen(60, "http1", { seenBy: "receiver" }));
    assert.ok(atServer.includes("nginx upstream keepalive_timeout") && atServer.includes("aws-alb idle_timeout.timeout_seconds"), atServer.join("; "));
    assert.ok(!atServer.includes("nginx keepalive_timeout"));
    assert.ok(names(seen(90, "http1", { seenBy: "receiver" })).includes("heroku dyno keepalive"));
    assert.ok(names(seen(600, "http1", { seenBy: "receiver" })).includes("gcp-alb backend keepalive"));
  });
  it("has no suspect for a silence that no default comes near", () => assert.deepEqual(suspectsOf(seen(43, "websocket")), []));
});

describe("what is known beside the time", () => {
  const first = (silence: Silence): string | undefined => names(silence)[0];

  it("puts the product first that the answer's headers name", () => {
    assert.equal(first(seen(60, "websocket", { headers: { server: "awselb/2.0" } })), "aws-alb idle_timeout.timeout_seconds");
    assert.equal(first(seen(60, "websocket", { headers: { server: "nginx/1.22.1" } })), "nginx proxy_read_timeout");
    assert.equal(first(seen(60, "websocket", { headers: { via: "1.1 varnish (Varnish/7.1)" } })), "varnish pipe_timeout");
  });
  it("puts the product first that stands on the path", () => {
    assert.equal(first(seen(60, "websocket", { products: ["varnish"] })), "varnish pipe_timeout");
  });
  it("tells a balancer that forgets from a firewall that does, by how the connection ended", () => {
    assert.equal(first(seen(350, "tcp", { how: "rst_on_write" })), "aws-nlb tcp.idle_timeout.seconds");
    assert.equal(first(seen(350, "tcp", { how: "silent" })), "aws-network-firewall tcpIdleTimeoutSeconds");
  });
  it("tells a hop that counts payload from one that counts any packet, by which bytes kept it", () => {
    assert.equal(first(seen(240, "tcp", { layer: "packet" })), "azure-lb idleTimeoutInMinutes");
    assert.equal(first(seen(60, "websocket", { layer: "stream" })), "aws-alb idle_timeout.timeout_seconds");
  });
  it("says which versions have the default", () => {
    const node = (seconds: number) => suspectsOf(seen(seconds, "http1")).find(({ product }) => product === "node");
    assert.equal(node(6)?.versions, "before 27");
    assert.equal(node(66)?.versions, "since 27");
  });
  it("says why, and lowers what is not verified", () => {
    const suspects = suspectsOf(seen(60, "websocket", { how: "fin" }));
    assert.ok(suspects.every(({ because }) => because.length > 0));
    const fly = suspects.find(({ product }) => product === "fly");
    assert.ok(fly === undefined || fly.because.includes("its default is not verified"));
  });
  it("takes a bracket as it takes a moment", () => {
    assert.ok(names({ of: "http1", atLeastMs: 62_000, atMostMs: 74_000, toleranceMs: 1_000 }).includes("nginx keepalive_timeout"));
    assert.ok(!names({ of: "http1", atLeastMs: 62_000, atMostMs: 73_000, toleranceMs: 500 }).includes("nginx keepalive_timeout"));
  });
  it("never names more suspects than help", () => {
    assert.ok(suspectsOf({ of: "tcp", atLeastMs: 0, atMostMs: 1e9 }).length <= 12);
  });
});

describe("headers", () => {
  it("give their products away", () => {
    assert.deepEqual(productsIn({ server: "cloudflare", "cf-ray": "8a1-FRA" }), ["cloudflare"]);
    assert.deepEqual(productsIn({ server: "Apache/2.4.71 (Debian)" }), ["apache"]);
    assert.deepEqual(productsIn({ "content-type": "text/plain" }), []);
  });
});
