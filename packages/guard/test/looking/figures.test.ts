import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { protocolLabel, tableFigures } from "../../src/looking/figures.ts";
import { connectionRow } from "../support/rows.ts";

describe("the figures of a table", () => {
  it("count by listener, protocol and phase, and sum up what waits", () => {
    const rows = [
      connectionRow({ bytesQueued: 10 }),
      connectionRow({ bytesQueued: 5, ageMs: 90_000 }),
      connectionRow({ phase: "tunnel", protocol: "websocket" }),
      connectionRow({ phase: "tunnel", protocol: "websocket", listener: "https" }),
    ];
    const { groups, ages, bytesQueued } = tableFigures(rows);
    assert.deepEqual(
      Array.from(groups.values(), ({ group, count }) => [group.listener, group.protocol, group.phase, count]),
      [
        ["http", "http/1.1", "idle", 2],
        ["http", "websocket", "tunnel", 1],
        ["https", "websocket", "tunnel", 1],
      ],
    );
    assert.deepEqual([bytesQueued, ages.count, ages.sum], [15, 4, 61 * 3 + 90]);
  });

  it("put every protocol that a host made up under one label", () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => connectionRow({ protocol: `made-up-${i}`, phase: "tunnel" }));
    const { groups } = tableFigures(rows);
    assert.deepEqual(
      Array.from(groups.values(), ({ group, count }) => [group.protocol, count]),
      [["other", 1_000]],
    );
  });

  for (const protocol of ["http/1.1", "h2", "h2c", "websocket", "tunnel"]) {
    it(`leave ${protocol} its name`, () => assert.equal(protocolLabel(protocol), protocol));
  }
});
