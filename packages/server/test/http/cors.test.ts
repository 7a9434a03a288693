import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { helloLine } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const page = "https://page.example";

describe("pages of other origins", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({ origins: [page] });
  });
  after(() => test.stop());

  it("may read every answer when their origin is listed, errors and event streams included", async () => {
    for (const [path, method, status] of [
      ["/healthz", "GET", 200],
      ["/v1/streams/none", "GET", 404],
      ["/v1/sse?stream=a", "GET", 200],
      ["/v1/sse", "GET", 400],
      ["/v1/poll", "POST", 200],
      ["/nowhere", "GET", 404],
    ] as const) {
      const aborting = new AbortController();
      const body = method === "POST" ? { body: helloLine } : {};
      const response = await fetch(`${test.url}${path}`, { method, headers: { origin: page }, signal: aborting.signal, ...body });
      assert.equal(response.status, status, path);
      assert.equal(response.headers.get("access-control-allow-origin"), page);
      assert.equal(response.headers.get("access-control-expose-headers"), "Retry-After");
      assert.match(response.headers.get("vary") ?? "", /Origin/);
      assert.equal(response.headers.get("access-control-allow-credentials"), null);
      aborting.abort();
    }
  });

  it("are told what they may send", async () => {
    const headers = { origin: page, "access-control-request-method": "POST", "access-control-request-headers": "content-type,holdfast-key" };
    const response = await fetch(`${test.url}/v1/streams/a`, { method: "OPTIONS", headers });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get("access-control-allow-origin"), page);
    assert.match(response.headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.match(response.headers.get("access-control-allow-headers") ?? "", /Last-Event-ID.*Holdfast-Key/);
    assert.equal(response.headers.get("access-control-max-age"), "600");
  });

  it("are refused, and told nothing, when it is not", async () => {
    for (const origin of ["https://evil.example", `${page}.evil.example`, "null", "http://page.example"]) {
      for (const method of ["GET", "OPTIONS"]) {
        const response = await fetch(`${test.url}/v1/sse?stream=a`, { method, headers: { origin, "access-control-request-method": "GET" } });
        assert.equal(response.status, 403);
        assert.equal(response.headers.get("access-control-allow-origin"), null);
        await response.text();
      }
    }
    assert.equal(test.server.stats().links, 0);
  });

  it("are not meant by requests without an origin", async () => {
    const response = await fetch(`${test.url}/healthz`);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.equal((await fetch(`${test.url}/healthz`, { method: "OPTIONS" })).status, 405);
  });
});
