/**
 * Links carried by requests, moved by hand: each request that the client makes is kept, and answered by the test in pieces of its choice.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SubscribeFrame } from "@holdfast/protocol";
import { type Conn, type ConnHandlers, type RequestEvents, requestTransport } from "../src/index.ts";
import { HandWorld, settle } from "./support/hand-world.ts";

interface Made {
  readonly path: string;
  readonly lines: readonly Record<string, unknown>[];
  readonly events: RequestEvents;
  isAborted: boolean;
}

const welcome = { type: "welcome", link: "l", node: "n", heartbeatMs: 1_000, entryBytesMax: 1_000, subscriptionsMax: 9, reconnect: { windowMs: 0 } };

class Scene {
  readonly world = new HandWorld();
  readonly made: Made[] = [];
  /** What the link was given: messages, and how it ended. */
  readonly told: Record<string, unknown>[] = [];
  /** How often something was said to prove that what brings messages is there. */
  proofs = 0;
  readonly cursors = new Map<string, string>();
  readonly asked = new Map<string, Record<string, unknown>>();
  readonly conn: Conn;
  readonly #name: "sse" | "poll";

  constructor(name: "sse" | "poll") {
    this.#name = name;
    const handlers: ConnHandlers = {
      onOpen: () => {},
      onText: (text, isProof = true) => {
        this.told.push(JSON.parse(text) as Record<string, unknown>);
        if (isProof) this.proofs++;
      },
      onActivity: () => this.proofs++,
      onClose: (end) => this.told.push({ type: "CLOSE", ...end }),
      onError: (code) => this.told.push({ type: "ERROR", code }),
      asks: () =>
        [...this.asked].map(([stream, ask]) => {
          const after = this.cursors.get(stream);
          return (after === undefined ? ask : { ...ask, from: { after } }) as unknown as SubscribeFrame;
        }),
    };
    const requester = {
      post: (url: string, body: string, events: RequestEvents) => {
        const lines = body
          .split("\x1e")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        const request: Made = { path: url.replace("http://x/v1/", ""), lines, events, isAborted: false };
        this.made.push(request);
        return () => {
          request.isAborted = true;
        };
      },
    };
    this.conn = requestTransport(name, requester, this.world.env).dial({ url: "http://x/v1/", subprotocol: "holdfast.v1" }, handlers);
  }

  send(...messages: readonly Record<string, unknown>[]): Promise<void> {
    for (const message of messages) {
      if (message["type"] === "subscribe") this.asked.set(String(message["stream"]), message);
      this.conn.send(JSON.stringify(message));
    }
    return settle();
  }

  /** The request number `no`. */
  at(no: number): Made {
    const made = this.made[no];
    if (made === undefined) throw new Error(`there were only ${this.made.length} requests`);
    return made;
  }

  say(request: Made, ...messages: readonly object[]): void {
    const isEvents = request.path === "sse";
    for (const message of messages) request.events.text(isEvents ? `data: ${JSON.stringify(message)}\n\n` : `${JSON.stringify(message)}\n`);
  }

  end(request: Made): void {
    request.events.end(200, "");
  }

  /** A link that has been welcomed, and follows the stream `s` from 5. */
  static async following(name: "sse" | "poll"): Promise<Scene> {
    const scene = new Scene(name);
    await scene.send({ type: "hello", protocol: 1 }, { type: "subscribe", id: 1, stream: "s", from: { after: "e.5" } });
    scene.say(scene.at(0), welcome, { type: "subscribed", id: 1, stream: "s", position: "e.5", head: "e.5" });
    scene.cursors.set("s", "e.5");
    assert.equal(scene.at(0).path, scene.#name);
    scene.told.length = 0;
    return scene;
  }
}

const full = JSON.stringify({ error: { code: "too_many_links", message: "full", afterMs: 700 } });
const publish = (id: number): Record<string, unknown> => ({ type: "publish", id, stream: "s", data: id });

describe("a link carried by requests", () => {
  for (const name of ["sse", "poll"] as const) {
    it(`${name}: takes another token along in the next request, and is told for how long that holds`, async () => {
      const scene = await Scene.following(name);
      await scene.send({ type: "auth", id: 9, token: "t2" });
      const next = scene.at(1);
      assert.deepEqual(next.lines[0], { type: "hello", protocol: 1, token: "t2" });
      scene.say(next, { ...welcome, expiresMs: 5_000 });
      assert.ok(scene.at(0).isAborted);
      const authed = scene.told.find(({ type }) => type === "authed");
      assert.equal(authed?.["expiresMs"], 5_000);
      // The same hello once more is no news.
      scene.told.length = 0;
      await scene.send({ type: "ping", id: 10 });
      scene.say(scene.at(2), welcome);
      assert.deepEqual(
        scene.told.map(({ type }) => type),
        ["pong", "welcome"],
      );
      await scene.send(publish(11));
      assert.equal(scene.at(3).lines[0]?.["token"], "t2");
    });
  }

  for (const name of ["sse", "poll"] as const) {
    it(`${name}: asks anew when it is to prove life, and hands on what is answered, of a head that moved while no entry came, too`, async () => {
      const scene = await Scene.following(name);
      await scene.send({ type: "ping", id: 9 });
      const again = scene.at(1);
      assert.deepEqual(again.lines.at(-1), { type: "subscribe", id: 1, stream: "s", from: { after: "e.5" } });
      scene.say(again, welcome, { type: "subscribed", id: 1, stream: "s", position: "e.5", head: "e.7" });
      assert.deepEqual(scene.told, [{ type: "pong", id: 9 }, welcome, { type: "subscribed", id: 1, stream: "s", position: "e.5", head: "e.7" }]);
    });

    it(`${name}: lasts when there is no room for a publish: each is refused for now, and what came meanwhile goes next`, async () => {
      const scene = await Scene.following(name);
      await scene.send(publish(2), publish(3));
      assert.deepEqual(
        scene.at(1).lines.map(({ id }) => id),
        [undefined, 2],
      );
      scene.at(1).events.end(429, full);
      assert.deepEqual(scene.told, [{ type: "refused", id: 2, code: "too_many_links", message: "full", afterMs: 700 }]);
      assert.deepEqual(
        scene.at(2).lines.map(({ id }) => id),
        [undefined, 3],
      );
      scene.say(scene.at(2), welcome, { type: "published", id: 3, position: "e.6", duplicate: false });
      scene.end(scene.at(2));
      assert.equal(scene.conn.queuedBytes, 0);
      assert.equal(scene.at(0).isAborted, false);
    });

    it(`${name}: ends when a publish is refused for another reason, or its answer is cut off`, async () => {
      for (const [status, body] of [
        [503, JSON.stringify({ error: { code: "draining", message: "" } })],
        [502, "<html>"],
        [0, ""],
        [200, ""],
      ] as const) {
        const scene = await Scene.following(name);
        await scene.send(publish(2));
        scene.at(1).events.end(status, body);
        assert.deepEqual(
          scene.told.map(({ type }) => type),
          ["CLOSE"],
          String(status),
        );
        assert.equal(scene.at(0).isAborted, true);
      }
    });

    it(`${name}: sends publishes one body at a time, in their order`, async () => {
      const scene = await Scene.following(name);
      await scene.send(publish(2));
      await scene.send(publish(3), publish(4));
      assert.equal(scene.made.length, 2);
      scene.say(scene.at(1), welcome, { type: "published", id: 2, position: "e.6", duplicate: false });
      scene.end(scene.at(1));
      assert.deepEqual(
        scene.at(2).lines.map(({ type, id }) => `${String(type)} ${String(id)}`),
        ["hello undefined", "publish 3", "publish 4"],
      );
    });

    it(`${name}: answers to publishes prove nothing of the connection that brings messages`, async () => {
      const scene = await Scene.following(name);
      scene.proofs = 0;
      await scene.send(publish(2));
      scene.say(scene.at(1), welcome, { type: "published", id: 2, position: "e.6", duplicate: false });
      scene.end(scene.at(1));
      assert.deepEqual([scene.told.map(({ type }) => type), scene.proofs], [["published"], 0]);
      scene.say(scene.at(0), { type: "beat" });
      assert.ok(scene.proofs > 0);
    });

    it(`${name}: leaves no timer behind`, async () => {
      const scene = await Scene.following(name);
      await scene.send(publish(2), { type: "ping", id: 9 });
      assert.ok(scene.world.timers > 0);
      scene.conn.destroy();
      assert.deepEqual([scene.world.timers, scene.made.map(({ isAborted }) => isAborted)], [0, [true, true, true]]);
    });

    it(`${name}: takes a batch that nothing is heard of for lost`, async () => {
      const scene = await Scene.following(name);
      await scene.send(publish(2));
      await scene.world.advance(9_000);
      scene.say(scene.at(1), welcome);
      await scene.world.advance(9_000);
      assert.equal(
        scene.told.some(({ type }) => type === "CLOSE"),
        false,
      );
      await scene.world.advance(2_000);
      assert.deepEqual(scene.told.at(-1), { type: "CLOSE", closeCode: 1006, reason: "" });
    });

    it(`${name}: is told to move when the server takes no new request, and asks again a second later`, async () => {
      const scene = await Scene.following(name);
      await scene.send({ type: "ping", id: 9 });
      scene.at(1).events.end(503, JSON.stringify({ error: { code: "draining", message: "", afterMs: 0 } }));
      assert.deepEqual(
        scene.told.map(({ type, afterMs }) => [type, afterMs]),
        [["goaway", 0]],
      );
      assert.equal(scene.at(0).isAborted, false);
      await scene.world.advance(990);
      assert.equal(scene.made.length, 2);
      await scene.world.advance(20);
      scene.say(scene.at(2), welcome);
      assert.deepEqual(scene.told.slice(1), [{ type: "pong", id: 9 }, welcome]);
    });

    it(`${name}: ends when the server takes no request before it has welcomed one`, async () => {
      const scene = new Scene(name);
      await scene.send({ type: "hello", protocol: 1 });
      scene.at(0).events.end(503, JSON.stringify({ error: { code: "draining", message: "", afterMs: 0 } }));
      assert.deepEqual(scene.told, [{ type: "CLOSE", closeCode: 1013, reason: '{"code":"draining","message":"","afterMs":0}' }]);
    });

    it(`${name}: keeps what brings messages until its successor has brought something`, async () => {
      const scene = await Scene.following(name);
      await scene.send({ type: "subscribe", id: 2, stream: "t", from: "now" });
      const entry = { type: "entry", stream: "s", position: "e.6", prev: "e.5", timeMs: 1, data: 1 };
      scene.say(scene.at(0), entry);
      scene.cursors.set("s", "e.6");
      assert.deepEqual(scene.told, [entry]);
      scene.say(scene.at(1), welcome);
      assert.equal(scene.at(0).isAborted, true);
      scene.say(
        scene.at(1),
        { type: "subscribed", id: 1, stream: "s", position: "e.5", head: "e.6" },
        { type: "subscribed", id: 2, stream: "t", position: "0", head: "0" },
      );
      assert.deepEqual(scene.told.slice(1), [
        welcome,
        { type: "subscribed", id: 1, stream: "s", position: "e.5", head: "e.6" },
        { type: "subscribed", id: 2, stream: "t", position: "0", head: "0" },
      ]);
    });
  }

  it("poll: asks anew from the cursors when an answer has ended", async () => {
    const scene = await Scene.following("poll");
    scene.cursors.set("s", "e.8");
    scene.end(scene.at(0));
    await scene.world.advance(20);
    assert.deepEqual(scene.at(1).lines, [
      { type: "hello", protocol: 1 },
      { type: "subscribe", id: 1, stream: "s", from: { after: "e.8" } },
    ]);
  });

  it("poll: asks once a heartbeat while it follows nothing, and at once when it does", async () => {
    const scene = new Scene("poll");
    await scene.send({ type: "hello", protocol: 1 });
    scene.say(scene.at(0), welcome);
    scene.end(scene.at(0));
    await scene.world.advance(990);
    assert.equal(scene.made.length, 1);
    await scene.world.advance(20);
    assert.equal(scene.made.length, 2);
    scene.say(scene.at(1), welcome);
    scene.end(scene.at(1));
    await scene.send({ type: "subscribe", id: 1, stream: "s", from: "now" });
    assert.equal(scene.made.length, 3);
    await scene.world.advance(2_000);
    assert.equal(scene.made.length, 3);
  });

  it("sse: ends when the stream ends without `bye`", async () => {
    const scene = await Scene.following("sse");
    scene.end(scene.at(0));
    assert.deepEqual(scene.told, [{ type: "CLOSE", closeCode: 1006, reason: "" }]);
  });
});
