// https: the links are broken by a proxy that passes bytes on, and name and certificate are still checked end to end.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer } from "node:tls";
import { needs } from "../../../scripts/test-support/needs.ts";
import { endAll, folder, run, serve } from "./support/processes.ts";

after(endAll);

/** A key and a certificate for `localhost` alone, so that a client which dials 127.0.0.1 by that name is refused. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer; readonly path: string } {
  const place = folder();
  const [key, cert] = [join(place, "key.pem"), join(place, "cert.pem")];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", "2"];
  execFileSync("openssl", [...made, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert), path: cert };
}

test("links over TLS are broken, carry the server's name, and are refused when its certificate is not trusted", { skip: needs("openssl") }, async () => {
  const pair = certificate();
  const server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--heartbeat-ms", "500"]);
  const names = new Set<string>();
  const front = createServer({ key: pair.key, cert: pair.cert }, (near) => {
    names.add(String(near.servername));
    const far = connect(Number(server.port), "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  front.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => front.listen(0, "localhost", resolve));
  const url = `https://localhost:${(front.address() as AddressInfo).port}`;
  const words = ["verify", url, "--minutes", "0.07", "--transport", "websocket", "--json"];
  const trusting = await run(words, { env: { NODE_EXTRA_CA_CERTS: pair.path } });
  assert.equal(trusting.code, 0, trusting.stdout + trusting.stderr);
  const [transport] = JSON.parse(trusting.stdout).transports;
  assert.ok(transport.delivered > 100);
  const reset = transport.faults.find((row: { kind: string }) => row.kind === "reset");
  assert.ok(reset.times >= 1 && reset.noticedMs !== null, JSON.stringify(reset));
  assert.deepEqual([...names], ["localhost"]);
  const doubting = await run(words);
  assert.equal(doubting.code, 3);
  assert.match(JSON.parse(doubting.stdout).transports[0].reason, /self.signed certificate/i);
  front.close();
});
