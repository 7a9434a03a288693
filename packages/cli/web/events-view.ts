/**
 * The list of what happened, newest first, of bounded length.
 */
import { byId, make } from "./dom.ts";
import { clockTime } from "./format.ts";
import type { Happening } from "./story.ts";

const eventsMax = 60;

export function showEvent({ atMs, tone, text }: Happening): void {
  const list = byId("events");
  const time = make("time", { datetime: new Date(atMs).toISOString() }, clockTime(atMs));
  const item = make("li", { "data-tone": tone }, time, make("i", { "aria-hidden": "true" }), make("span", {}, text));
  item.dataset["atMs"] = String(atMs);
  // A cut is told when its answer comes, and then its consequence may have been told already.
  const older = [...list.children].find((each) => Number((each as HTMLElement).dataset["atMs"]) <= atMs);
  list.insertBefore(item, older ?? null);
  while (list.children.length > eventsMax) list.lastElementChild?.remove();
}
