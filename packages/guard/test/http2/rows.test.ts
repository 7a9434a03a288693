/** Every row of the table against a guarded server, over raw sockets, with a session beside it that must not notice. */
import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { test } from "node:test";
import { errorNames, RawHttp2 } from "../../../../scripts/test-support/http2-frames.ts";
import { type HostileRow, http2Rows } from "../../../../scripts/test-support/http2-rows.ts";
import { eventually, guardedServer } from "../support/h2-server.ts";

/** The table says 2 s; the rest is for a machine that is busy. */
const deadlineMs = 15_000;

/** A request by a client as it should be; resolves with its body. */
function ask(session: ClientHttp2Session): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/bystander" });
    let body = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      body += text;
    });
    stream.on("end", () => resolve(body));
    stream.on("error", reject);
    stream.end();
  });
}

async function runRow(row: HostileRow): Promise<void> {
  let hostile = 0;
  const guarded = await guardedServer({
    ...(row.limits === undefined ? {} : { limits: row.limits }),
    onStream: (stream, path) => {
      if (path === "/bystander") return answerOk(stream);
      hostile++;
      (row.onStream ?? answerOk)(stream);
    },
  });
  const bystander = connect(`http://127.0.0.1:${guarded.port}`);
  const peer = await RawHttp2.open(guarded.port, row.settings);
  try {
    assert.equal(await ask(bystander), "ok");
    await eventually(() => guarded.accepted.length === 2);
    const accepted = guarded.accepted.find(({ socket }) => socket.remotePort === peer.socket.localPort);
    assert.ok(accepted);
    row.run(peer);
    if (row.codes.length === 0) {
      if (row.reset !== undefined) {
        assert.ok(await peer.until(() => peer.resets().size > 0, deadlineMs), "the stream is reset");
        assert.deepEqual(
          [...peer.resets().values()].map((code) => errorNames[code]),
          [row.reset],
        );
      }
      assert.equal(await ask(bystander), "ok");
      assert.equal(accepted.session.destroyed, false);
      assert.deepEqual(guarded.counters.ended, {});
    } else {
      assert.ok(await eventually(() => accepted.closed, deadlineMs), "the server's socket is closed");
      assert.ok(await eventually(() => accepted.session.destroyed && accepted.part.phase === "gone"), "the session is freed");
      peer.socket.resume();
      assert.ok(await peer.untilEnded(deadlineMs), "the connection ends");
      const code = accepted.said.at(-1)?.code ?? "nothing";
      assert.ok(row.codes.includes(code), `ended for ${code}`);
      assert.deepEqual(guarded.counters.ended, { [code]: 1 });
      const seen = peer.goaways().map((one) => errorNames[one.code] ?? "unknown");
      if (!row.goaway.includes("none")) assert.ok(row.goaway.includes(seen[0] ?? "nothing"), `GOAWAY says ${seen}`);
    }
    assert.ok(hostile <= row.handlersMax, `${hostile} handlers`);
    assert.equal(await ask(bystander), "ok");
    assert.equal(guarded.accepted.filter(({ closed }) => !closed).length, row.codes.length === 0 ? 2 : 1);
  } finally {
    peer.close();
    bystander.destroy();
    await guarded.close();
  }
}

const answerOk: NonNullable<HostileRow["onStream"]> = (stream) => {
  stream.respond({ ":status": 200 });
  stream.end("ok");
};

for (const row of http2Rows) test(`row ${row.row}: ${row.input}`, () => runRow(row));
