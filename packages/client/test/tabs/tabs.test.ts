/** Tabs that share a link: who leads, what the others believe, and what becomes of their streams and publishes when the leader goes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rawJson } from "../../src/payload.ts";
import { tabsMax } from "../../src/tabs/leader.ts";
import { tabStreamsMax } from "../../src/tabs/serving.ts";
import { TabsWorld, type WorldTab } from "./support/tabs-world.ts";

async function three(seed = 1): Promise<{ tabs: TabsWorld; all: WorldTab[] }> {
  const tabs = new TabsWorld(seed);
  const all = [tabs.open(["s0", "s1"]), tabs.open(["s0"]), tabs.open(["s1"])];
  await tabs.world.advance(3_000);
  return { tabs, all };
}
const stateOf = ({ client }: WorldTab): string => client.status.getSnapshot().state;

describe("tabs that share", () => {
  test("three tabs are live over one link, and each is given its streams", async () => {
    const { tabs, all } = await three();
    assert.equal(tabs.dials, 1);
    assert.equal(tabs.server.links.length, 1);
    assert.deepEqual(all.map(stateOf), ["live", "live", "live"]);
    for (let n = 0; n < 20; n++) tabs.server.append(`s${n % 2}`, n);
    await tabs.world.advance(500);
    assert.deepEqual(all[0]?.got.get("s0"), tabs.logOf("s0"));
    assert.deepEqual(all[1]?.got.get("s0"), tabs.logOf("s0"));
    assert.deepEqual(all[2]?.got.get("s1"), tabs.logOf("s1"));
    assert.equal(tabs.logOf("s1").length, 10);
  });

  test("publishes of every tab are in the log once, in the order of each tab", async () => {
    const { tabs, all } = await three();
    const values = all.map((tab) => Array.from({ length: 10 }, (_, i) => tabs.publish(tab, "s0", i === 3 ? 60_000 : 0)));
    await tabs.world.advance(2_000);
    const log = tabs.server.log("s0").all.map(({ payload }) => JSON.parse(payload) as string);
    assert.equal(log.length, 30);
    for (const own of values)
      assert.deepEqual(
        log.filter((value) => own.includes(value)),
        own,
      );
    for (const tab of all) assert.deepEqual([...new Set(tab.fates.values())], ["published"]);
    assert.deepEqual(all[1]?.got.get("s0"), tabs.logOf("s0"));
  });

  test("each tab publishes with its own token, and the one that leads reads with its own", async () => {
    const tabs = new TabsWorld(1);
    const asked: string[] = [];
    const open = (token: string): WorldTab =>
      tabs.open(["s0"], {
        token: async () => {
          asked.push(token);
          return token;
        },
      });
    const all = ["ta", "tb"].map(open);
    await tabs.world.advance(3_000);
    assert.deepEqual(all.map(stateOf), ["live", "live"]);
    // The leader's link is another dial than its tab's.
    assert.deepEqual([...asked].sort().length, 3);
    for (const tab of all) tabs.publish(tab, "s0");
    await tabs.world.advance(1_000);
    const tokens = tabs.posted.map((body) => /"token":"(\w+)"/.exec(body)?.[1]);
    assert.deepEqual(tokens.sort(), ["ta", "tb"]);
    assert.equal(tabs.logOf("s0").length, 2);
  });

  test("JSON with line ends inside, published as it is, is in the log as it was", async () => {
    const { tabs, all } = await three();
    const text = '{\n  "a": 1\r\n}';
    const published = (all[1] as WorldTab).client.publish("s0", rawJson(text));
    await tabs.world.advance(1_000);
    await published;
    assert.equal(tabs.server.log("s0").all.at(-1)?.payload, text);
  });

  test("a publish whose connection goes dark is sent again, though the leader's link is alive", async () => {
    const { tabs, all } = await three();
    tabs.isDark = true;
    const value = tabs.publish(all[1] as WorldTab, "s0");
    await tabs.world.advance(2_000);
    tabs.isDark = false;
    assert.equal(all[1]?.fates.get(value), "pending");
    await tabs.world.advance(15_000);
    assert.equal(all[1]?.fates.get(value), "published");
    assert.equal(tabs.logOf("s0").length, 1);
  });

  test("the leader's tab is closed: another leads within a second, and nothing is lost or repeated", async () => {
    const { tabs, all } = await three();
    const leader = tabs.leader as WorldTab;
    for (let n = 0; n < 5; n++) tabs.server.append("s0", n);
    await tabs.world.advance(5);
    leader.page.die();
    for (let n = 5; n < 10; n++) tabs.server.append("s0", n);
    await tabs.world.advance(1_000);
    const rest = all.filter((tab) => tab !== leader);
    assert.deepEqual(rest.map(stateOf), ["live", "live"]);
    assert.equal(tabs.dials, 2);
    assert.deepEqual(all[1]?.got.get("s0"), tabs.logOf("s0"));
  });

  test("a leader that leaves in order (pagehide) is followed at once, and comes back as a follower", async () => {
    const { tabs, all } = await three();
    const leader = tabs.leader as WorldTab;
    leader.hide();
    await tabs.world.advance(500);
    assert.notEqual(tabs.leader, leader);
    assert.equal(stateOf(leader), "offline");
    assert.deepEqual(all.filter((tab) => tab !== leader).map(stateOf), ["live", "live"]);
    tabs.server.append("s0", 1);
    leader.show();
    await tabs.world.advance(500);
    assert.equal(stateOf(leader), "live");
    assert.notEqual(tabs.leader, leader);
    assert.deepEqual(leader.got.get("s0"), tabs.logOf("s0"));
  });

  test("a leader that is frozen loses the lock within 7 s, and follows when it wakes", async () => {
    const { tabs, all } = await three();
    const leader = tabs.leader as WorldTab;
    leader.page.freeze();
    tabs.server.append("s0", 1);
    tabs.server.append("s1", 1);
    await tabs.world.advance(7_500);
    assert.notEqual(tabs.leader, leader);
    assert.deepEqual(all.filter((tab) => tab !== leader).map(stateOf), ["live", "live"]);
    tabs.server.append("s0", 2);
    leader.page.thaw();
    await tabs.world.advance(3_000);
    assert.equal(stateOf(leader), "live");
    assert.notEqual(tabs.leader, leader);
    assert.deepEqual(leader.got.get("s0"), tabs.logOf("s0"));
    assert.equal(tabs.server.net.alive.length, 1, "the former leader's link is closed");
  });

  test("a leader that answers is not robbed, however long nothing happens, nor by a follower that slept", async () => {
    const { tabs, all } = await three();
    const leader = tabs.leader as WorldTab;
    await tabs.world.advance(600_000);
    assert.equal(tabs.leader, leader);
    const sleeper = all.find((tab) => tab !== leader) as WorldTab;
    sleeper.page.freeze();
    await tabs.world.advance(600_000);
    sleeper.page.thaw();
    await tabs.world.advance(5_000);
    assert.equal(tabs.leader, leader);
    assert.equal(tabs.dials, 1);
    assert.deepEqual(all.map(stateOf), ["live", "live", "live"]);
  });

  test("a follower is live only while the leader's link is proved", async () => {
    const { tabs, all } = await three();
    const [link] = tabs.server.links;
    assert.ok(link);
    link.toClient = false;
    await tabs.world.advance(14_500);
    assert.deepEqual(all.map(stateOf), ["stale", "stale", "stale"]);
    const before = all.map(({ client }) => client.status.getSnapshot().lastProofOfLifeMs);
    assert.equal(new Set(before).size, 1, "the proof of all is that of the link");
    await tabs.world.advance(10_000);
    assert.deepEqual(all.map(stateOf), ["live", "live", "live"]);
    for (const { told } of all) assert.ok(told.includes("offline heartbeat_lost"), told.join(", "));
  });

  test("answers to a follower's publishes prove nothing of the leader's link", async () => {
    const { tabs, all } = await three();
    const [link] = tabs.server.links;
    assert.ok(link);
    link.toClient = false;
    const follower = all.find((tab) => tab !== tabs.leader) as WorldTab;
    for (let n = 0; n < 29; n++) {
      tabs.publish(follower, "s0");
      await tabs.world.advance(500);
    }
    assert.ok([...follower.fates.values()].filter((fate) => fate === "published").length > 20);
    assert.deepEqual(all.map(stateOf), ["stale", "stale", "stale"]);
  });

  test("when the server is away, every tab says why, and when it tries again", async () => {
    const { tabs, all } = await three();
    tabs.server.hurts.refuseDial = 1;
    tabs.server.restart();
    await tabs.world.advance(30_000);
    for (const { client } of all) {
      const { state, code, transport, attempt } = client.status.getSnapshot();
      assert.equal(state, "offline");
      assert.equal(code, "connect_failed");
      assert.equal(transport, null);
      assert.ok(attempt > 2);
    }
    tabs.server.heal();
    await tabs.world.advance(31_000);
    assert.deepEqual(all.map(stateOf), ["live", "live", "live"]);
  });

  test("a gap and the end of a stream reach every tab", async () => {
    const { tabs, all } = await three();
    tabs.server.append("s0", 1);
    await tabs.world.advance(100);
    all[1]?.page.freeze();
    for (let n = 2; n < 6; n++) tabs.server.append("s0", n);
    await tabs.world.advance(60_000);
    tabs.server.log("s0").trim(4);
    tabs.server.restart();
    await tabs.world.advance(5_000);
    all[1]?.page.thaw();
    await tabs.world.advance(30_000);
    void all[0]?.client.end("s0");
    await tabs.world.advance(1_000);
    assert.equal(all[0]?.got.get("s0")?.at(-1), "ended");
    assert.equal(all[1]?.got.get("s0")?.at(-1), "ended");
    const last = tabs.logOf("s0").at(-1);
    assert.ok(all[1]?.got.get("s0")?.includes(last as string));
  });

  test("what the server refuses for good, a tab's reader is told; and bad names are refused at once", async () => {
    const { tabs, all } = await three();
    assert.throws(() => all[1]?.client.stream("//"), { code: "bad_stream_name" });
    await assert.rejects(async () => all[1]?.client.publish("//", 1), { code: "bad_stream_name" });
    assert.deepEqual(all.map(stateOf), ["live", "live", "live"]);
    assert.equal(tabs.server.links.length, 1);
  });

  test("a tab that takes nothing does not fill the leader, nor hold up the others", async () => {
    const { tabs, all } = await three();
    const slow = tabs.open();
    const stream = slow.client.stream("s0", { from: "first" });
    await tabs.world.advance(1_000);
    const big = "y".repeat(2_500);
    for (let n = 0; n < 1_000; n++) tabs.server.log("s0").append("e1", `"${n}${big}"`, false, undefined, undefined);
    tabs.server.flush();
    await tabs.world.advance(20_000);
    assert.equal(all[1]?.got.get("s0")?.length, 1_000);
    assert.ok(slow.client.counters.cutbacks > 0, "its own queue is cut back");
    const got: string[] = [];
    const taking = (async () => {
      for await (const { position, raw } of stream) if (got.push(`${position} ${raw}`) === 1_000) break;
    })();
    await tabs.world.advance(60_000);
    await taking;
    assert.deepEqual(got, tabs.logOf("s0"));
  });

  test("what a frozen tab has not taken is small, and it goes on where it was", async () => {
    const { tabs, all } = await three();
    const frozen = all.find((tab) => tab !== tabs.leader && tab.got.has("s0")) as WorldTab;
    frozen.page.freeze();
    for (let n = 0; n < 200; n++) {
      tabs.server.append("s0", `${n}${"z".repeat(5_000)}`);
      await tabs.world.advance(20);
    }
    await tabs.world.advance(5_000);
    assert.ok(frozen.page.waiting < 30, `${frozen.page.waiting} messages and timers wait`);
    frozen.page.thaw();
    await tabs.world.advance(2_000);
    assert.deepEqual(frozen.got.get("s0"), tabs.logOf("s0"));
  });

  test("the sixty-fifth tab is refused with a code, and gets its turn when another leaves", async () => {
    const tabs = new TabsWorld();
    const all = Array.from({ length: tabsMax + 1 }, () => tabs.open(["s0"]));
    await tabs.world.advance(3_000);
    const refused = all.filter((tab) => stateOf(tab) !== "live");
    assert.equal(refused.length, 1);
    assert.equal(refused[0]?.client.status.getSnapshot().code, "too_many_links");
    all.find((tab) => tab !== tabs.leader && tab !== refused[0])?.page.die();
    await tabs.world.advance(10_000);
    assert.equal(stateOf(refused[0] as WorldTab), "live");
  });

  test("a tab may read 128 streams; one more is refused with a code", async () => {
    const { tabs, all } = await three();
    const follower = all.find((tab) => tab !== tabs.leader) as WorldTab;
    const names = Array.from({ length: tabStreamsMax }, (_, i) => `many/${i}`);
    for (const name of names) void tabs.read(follower, name);
    await tabs.world.advance(1_000);
    const refused = [...follower.got].filter(([, got]) => got.includes("too_many_subscriptions"));
    assert.equal(refused.length, 1, "it reads another one already");
  });

  test("an idle tab lets the link go, and the last one closes it", async () => {
    const { tabs, all } = await three();
    for (const { client } of all) void client.close();
    await tabs.world.advance(100);
    assert.deepEqual(all.map(stateOf), ["closed", "closed", "closed"]);
    assert.equal(tabs.server.net.alive.length, 0);
    assert.equal(tabs.origin.ends.size, 0, "no channel is left open");
    assert.deepEqual([...tabs.origin.locks.values()].flat(), [], "no lock is held or waited for");
    await tabs.world.advance(60_000);
    assert.equal(tabs.world.timers, 0);
  });
});
