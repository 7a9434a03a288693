// The sentences of the page say what the client's status said, with the times that passed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Happening, type Seen, Story } from "../web/story.ts";

const up = (linkId: string, over: Partial<Seen> = {}): Seen => ({
  state: "live",
  code: null,
  reason: "",
  transport: "websocket",
  attempt: 0,
  retryAtMs: null,
  linkId,
  ...over,
});
const down = (over: Partial<Seen> = {}): Seen => ({ ...up(""), state: "offline", transport: null, linkId: null, ...over });

function tell(act: (story: Story) => void): string[] {
  const told: Happening[] = [];
  act(new Story((happening) => told.push(happening)));
  return told.map(({ text }) => text);
}

test("a black hole: doubt, notice, a new link, and how much was caught up", () => {
  const texts = tell((story) => {
    story.status(0, down(), 0);
    story.status(10, up("a"), 0);
    story.status(15_210, up("a", { state: "stale" }), 15_200);
    story.status(20_210, down({ code: "heartbeat_lost", reason: "no answer", retryAtMs: 20_660 }), 20_200);
    story.status(20_700, up("b", { state: "catching-up" }), 0);
    for (let i = 0; i < 160; i++) story.entry(20_710 + i / 4, i * 125);
    story.entry(20_760, 20_755);
    story.status(20_750, up("b"), 0);
    story.tick(20_800);
    story.tick(21_000);
    story.tick(21_100);
  });
  assert.deepEqual(texts, [
    "Connected by WebSocket",
    "Stale: no byte for 15.2 s; the client asks for proof of life",
    "Noticed 20.2 s after the last byte: link given up (no answer); next dial in 450 ms",
    "New link by WebSocket, 490 ms after the old one was given up",
    "Caught up: 160 entries in 50 ms",
  ]);
});

test("a pause: the same link goes on", () => {
  const texts = tell((story) => {
    story.status(0, up("a"), 0);
    story.status(100, up("a", { state: "stale" }), 3_100);
    story.status(200, up("a"), 0);
  });
  assert.deepEqual(texts.slice(1), [
    "Stale: no byte for 3.1 s; the client asks for proof of life",
    "Proof of life came: the same link goes on, nothing had to be repeated",
  ]);
});

test("dials that fail, a lower transport with its reason, and a move without a break", () => {
  const texts = tell((story) => {
    story.status(0, up("a"), 0);
    story.status(10, down({ code: "connect_failed", reason: "closed with 1006", retryAtMs: 12 }), 5);
    story.status(20, down({ code: "connect_failed", reason: "refused", attempt: 1, retryAtMs: 2_020 }), 5);
    story.status(3_010, up("b", { transport: "poll", code: "response_buffered", reason: "a hop holds back event streams" }), 0);
    story.status(4_000, up("c"), 0);
  });
  assert.deepEqual(texts.slice(1), [
    "Noticed at once: the link is gone (closed with 1006); next dial at once",
    "Dial 1 failed: refused; next dial in 2.0 s",
    "New link by long-poll, 3.0 s after the old one was given up",
    "Not on a better transport: a hop holds back event streams",
    "Moved to a new link by WebSocket before the old one was let go",
  ]);
});

test("after a change of clients the old one's links are of no interest", () => {
  const texts = tell((story) => {
    story.status(0, up("a"), 0);
    story.switched(5, "Transport: SSE");
    story.status(6, down({ reason: "connecting" }), 0);
    story.status(30, up("b", { transport: "sse" }), 0);
  });
  assert.deepEqual(texts.slice(1), ["Transport: SSE", "Connected by SSE"]);
});
