/** Access that is revoked while it is being judged: whoever waits for the answer is not let in by it. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import { type Credentials, noCredentials, type Principal } from "../../src/auth/authorizer.ts";
import { openGate } from "../../src/auth/gate.ts";
import type { HubContext } from "../../src/hub/hub-context.ts";
import { LinkAccess } from "../../src/hub/link-access.ts";
import { type TestServer, testServer } from "../support/server.ts";

let asked: (() => void) | null = null;
let answer: ((may: boolean) => void) | null = null;
let test: TestServer;
before(async () => {
  test = await testServer(
    { authorizeCacheMs: 0 },
    {
      auth: ({ action, credentials }) => {
        if (action === "connect") return { subject: credentials.token ?? "" };
        return new Promise<boolean>((resolve) => {
          answer = resolve;
          asked?.();
        });
      },
    },
  );
  await test.server.hub.append({ stream: "a", entries: [{ format: "json", payload: Buffer.from("1") }] });
});
after(() => test.stop());

for (const [what, path, method] of [
  ["an event stream", "/v1/sse?stream=a", "GET"],
  ["a page", "/v1/streams/a", "GET"],
  ["a list", "/v1/streams", "GET"],
  ["a publish", "/v1/streams/a", "POST"],
] as const) {
  it(`refuses ${what} whose sender is revoked while it is judged`, async () => {
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const body = method === "POST" ? { body: "2" } : {};
    const subject = what.slice(-4).trim();
    const headers = { authorization: `Bearer ${subject}`, "content-type": "application/json" };
    const answered = fetch(test.url + path, { method, headers, ...body });
    await isAsked;
    test.server.revoke({ subject });
    answer?.(true);
    const response = await answered;
    assert.equal(response.status, 401);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, "unauthenticated");
  });
}

it("refuses a link that was admitted by its request, and revoked before its hello", () => {
  const principal: Principal = { subject: "alice", expiresMs: null, read: [], publish: [] };
  const confirm = (): never => {
    throw new HoldfastError("unauthenticated", "access was revoked");
  };
  const hub = { gate: { ...openGate, isGuarded: true, confirm }, hooks: null } as unknown as HubContext;
  const credentials: Credentials = noCredentials;
  const said: string[] = [];
  const access = new LinkAccess(hub, { credentials, principal });
  access.judge(
    { id: "1", transport: "sse" },
    undefined,
    () => said.push("welcome"),
    ({ code }) => said.push(code),
  );
  assert.deepEqual(said, ["unauthenticated"]);
});
