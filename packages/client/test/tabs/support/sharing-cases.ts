/**
 * What tabs rely on when they share channels and locks, as cases that run over any implementation: over the fake one by a clock moved by
 * hand, and in a browser over the real one. A case throws when something is not so.
 */
import type { Sharing } from "../../../src/tabs/sharing.ts";

/** Waits until nothing more is on its way. */
export type Settle = () => Promise<void>;

function same(got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}

export const sharingCases: Readonly<Record<string, (sharing: Sharing, settle: Settle) => Promise<void>>> = {
  "a channel is heard by every other end of its name, in order, and not by itself": async (sharing, settle) => {
    const heard: unknown[] = [];
    const ends = ["x", "y", "z"].map((end) => sharing.channel("cases/a", (message) => heard.push([end, message])));
    const other = sharing.channel("cases/other", (message) => heard.push(["other", message]));
    ends[0]?.post(1);
    ends[0]?.post({ two: [2, null, true] });
    await settle();
    same(
      heard.filter((each) => (each as readonly unknown[])[0] === "y"),
      [
        ["y", 1],
        ["y", { two: [2, null, true] }],
      ],
    );
    same(heard.length, 4);
    for (const end of [...ends, other]) end.close();
  },
  "what is said before close is heard, and a closed end hears nothing": async (sharing, settle) => {
    const heard: unknown[] = [];
    const listener = sharing.channel("cases/b", (message) => heard.push(message));
    const speaker = sharing.channel("cases/b", () => {});
    speaker.post("last words");
    speaker.close();
    await settle();
    same(heard, ["last words"]);
    listener.close();
    const late = sharing.channel("cases/b", () => {});
    late.post("nobody");
    await settle();
    same(heard, ["last words"]);
    late.close();
  },
  "a lock is held by one at a time, in the order of asking, and never before lock has returned": async (sharing, settle) => {
    const told: string[] = [];
    const claim = (who: string): (() => void) =>
      sharing.lock(
        "cases/c",
        "wait",
        () => told.push(`${who} holds`),
        () => told.push(`${who} lost`),
      );
    const first = claim("first");
    same(told, []);
    const second = claim("second");
    const third = claim("third");
    await settle();
    same(told, ["first holds"]);
    second(); // Gives up waiting.
    first();
    await settle();
    same(told, ["first holds", "third holds"]);
    third();
    await settle();
    same(told, ["first holds", "third holds"]);
  },
  "a stolen lock is the thief's at once, the robbed is told, and those who wait go on waiting": async (sharing, settle) => {
    const told: string[] = [];
    const claim = (who: string, how: "wait" | "steal"): (() => void) =>
      sharing.lock(
        "cases/d",
        how,
        () => told.push(`${who} holds`),
        () => told.push(`${who} lost`),
      );
    const owner = claim("owner", "wait");
    const waiter = claim("waiter", "wait");
    await settle();
    const thief = claim("thief", "steal");
    await settle();
    same([...told].sort(), ["owner holds", "owner lost", "thief holds"]);
    owner(); // To let go of what is lost changes nothing.
    await settle();
    same(told.length, 3);
    thief();
    await settle();
    same(told.at(-1), "waiter holds");
    waiter();
  },
  "a lock that was let go before it was held is not held": async (sharing, settle) => {
    const told: string[] = [];
    sharing.lock(
      "cases/e",
      "wait",
      () => told.push("one"),
      () => told.push("lost"),
    )();
    sharing.lock(
      "cases/e",
      "steal",
      () => told.push("two"),
      () => told.push("lost"),
    )();
    const next = sharing.lock(
      "cases/e",
      "wait",
      () => told.push("next"),
      () => told.push("lost"),
    );
    await settle();
    same(told, ["next"]);
    next();
  },
};
