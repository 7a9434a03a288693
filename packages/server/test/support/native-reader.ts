/**
 * A program that follows a URL with the EventSource of the npm package `eventsource` and prints every event as a line of JSON.
 * It ends when the server says that there will never be more. Apart from our sources, whose import conditions that package does not bear.
 */
import { EventSource } from "eventsource";

const source = new EventSource(process.argv[2] ?? "");
const print = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
for (const type of ["message", "gap", "closed", "bye"]) {
  source.addEventListener(type, (event: MessageEvent) => print({ type, data: event.data }));
}
source.addEventListener("error", () => {
  if (source.readyState === source.CLOSED) print({ type: "ended", data: "" });
});
