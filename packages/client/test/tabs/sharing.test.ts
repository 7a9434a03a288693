/** The fake origin of these tests behaves as a browser's: the same cases run over the real one in e2e/tabs.test.ts. */
import { test } from "node:test";
import { HandWorld } from "../support/hand-world.ts";
import { FakeOrigin } from "./support/fake-origin.ts";
import { sharingCases } from "./support/sharing-cases.ts";

for (const [name, run] of Object.entries(sharingCases)) {
  test(name, async () => {
    const world = new HandWorld();
    const pages = [new FakeOrigin(world).page()];
    await run((pages[0] as (typeof pages)[0]).sharing, () => world.advance(100));
  });
}
