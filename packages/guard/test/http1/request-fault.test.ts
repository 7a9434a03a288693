/**
 * Requests and handshakes as tables: which are refused, with what.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isIgnoredUpgrade, parserFault, type RequestFault, requestFault, upgradeFault } from "../../src/http1/request-fault.ts";

const rules = { headersCountMax: 3, needsHost: true };

function head(lines: readonly (readonly [string, string])[], minor = 1): Parameters<typeof requestFault>[0] {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) headers[name.toLowerCase()] ??= value;
  return { httpVersionMajor: 1, httpVersionMinor: minor, rawHeaders: lines.flat(), headers };
}
const told = (fault: RequestFault | null): string | null => (fault === null ? null : `${fault.status} ${fault.code}`);

describe("a request", () => {
  const host = ["Host", "a"] as const;
  const cases: readonly (readonly [string, Parameters<typeof requestFault>[0], string | null])[] = [
    ["with a host", head([host]), null],
    ["without a host", head([]), "400 bad_request"],
    ["of HTTP/1.0 without a host", head([], 0), null],
    ["of HTTP/0.9", { ...head([]), httpVersionMajor: 0 }, "400 bad_request"],
    ["with as many lines as allowed", head([host, ["A", "1"], ["B", "2"]]), null],
    ["with one more", head([host, ["A", "1"], ["B", "2"], ["C", "3"]]), "431 headers_too_large"],
    ["with two hosts, one in capitals", head([host, ["HOST", "b"]]), "400 bad_request"],
    ["that came as early data and changes something", { ...head([host, ["Early-Data", "1"]]), method: "POST" }, "425 too_early"],
    ["that came as early data and reads", { ...head([host, ["Early-Data", "1"]]), method: "GET" }, null],
    ["with two cookies", head([host, ["Cookie", "a"], ["Cookie", "b"]]), null],
    ["with a header named as members of objects are", head([host, ["__proto__", "a"], ["constructor", "b"]]), null],
  ];
  for (const [what, request, expected] of cases) it(`${what}: ${expected ?? "passes"}`, () => assert.equal(told(requestFault(request, rules)), expected));

  it("needs no host where the application said so", () => assert.equal(requestFault(head([]), { ...rules, needsHost: false }), null));
});

describe("an upgrade", () => {
  const good = { upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const longList = Array.from({ length: 2_000 }, (_, i) => `a${i}`).join(", ");
  const cases: readonly (readonly [string, Parameters<typeof upgradeFault>[0], string | null])[] = [
    ["that is a handshake", { method: "GET", headers: good }, null],
    ["in capitals", { method: "GET", headers: { ...good, upgrade: "WebSocket" } }, null],
    ["to something else", { method: "GET", headers: { ...good, upgrade: "tunnel" } }, "426 unsupported"],
    ["to a list", { method: "GET", headers: { ...good, upgrade: "websocket, tunnel" } }, "426 unsupported"],
    ["that came as early data", { method: "GET", headers: { ...good, "early-data": "1" } }, "425 too_early"],
    ["by POST", { method: "POST", headers: good }, "405 unsupported"],
    ["of version 8", { method: "GET", headers: { ...good, "sec-websocket-version": "8" } }, "426 unsupported"],
    ["with a key of 15 bytes", { method: "GET", headers: { ...good, "sec-websocket-key": "AQIDBAUGBwgJCgsMDQ4P" } }, "400 bad_request"],
    ["with a key that is not canonical", { method: "GET", headers: { ...good, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZR==" } }, "400 bad_request"],
    ["with subprotocols", { method: "GET", headers: { ...good, "sec-websocket-protocol": "holdfast.v1, graphql-ws" } }, null],
    ["with an empty subprotocol", { method: "GET", headers: { ...good, "sec-websocket-protocol": "a,,b" } }, "400 bad_request"],
    [
      "with extensions, one quoted",
      { method: "GET", headers: { ...good, "sec-websocket-extensions": 'permessage-deflate; client_max_window_bits; a="10" , x' } },
      null,
    ],
    ["with an extension without a name", { method: "GET", headers: { ...good, "sec-websocket-extensions": "a; ;b" } }, "400 bad_request"],
    ["with many subprotocols", { method: "GET", headers: { ...good, "sec-websocket-protocol": longList } }, null],
    ["with many, and a fault at their end", { method: "GET", headers: { ...good, "sec-websocket-extensions": `${longList} ;` } }, "400 bad_request"],
  ];
  for (const [what, upgrade, expected] of cases) {
    it(`${what}: ${expected ?? "passes"}`, () => assert.equal(told(upgradeFault(upgrade, ["websocket"])), expected));
  }

  it("to another protocol passes where it is listed, whatever its headers", () => {
    assert.equal(upgradeFault({ method: "POST", headers: { upgrade: "Tunnel" } }, ["websocket", "tunnel"]), null);
    assert.deepEqual(upgradeFault({ method: "GET", headers: {} }, ["websocket", "tunnel"])?.headers, { Upgrade: "websocket, tunnel" });
  });

  it("to h2c is an offer that may be ignored; no other is", () => {
    assert.deepEqual(["h2c", "H2C", "websocket", undefined].map(isIgnoredUpgrade), [true, true, false, false]);
  });
});

describe("what Node's parser refuses", () => {
  it("keeps its status", () => {
    const errors = ["HPE_HEADER_OVERFLOW", "HPE_CHUNK_EXTENSIONS_OVERFLOW", "ERR_HTTP_REQUEST_TIMEOUT", "HPE_INVALID_METHOD", undefined];
    assert.deepEqual(
      errors.map((error) => parserFault(error).status),
      [431, 413, 408, 400, 400],
    );
  });
});
