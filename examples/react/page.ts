/**
 * A page that follows a stream and publishes to it. Bundle it with any bundler, or see README.md beside it.
 */
import { HoldfastProvider, usePublish, useStatus, useStream } from "@holdfast/client/react";
import { createElement as h, type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";

const stream = "examples/react";

function Page(): ReactNode {
  const { entries, error } = useStream(stream, { from: { last: 20 } });
  const { publish, pending } = usePublish(stream);
  const { state, reason } = useStatus();
  return h(
    "main",
    null,
    h("p", { role: "status" }, `${state} ${reason}`),
    h("button", { type: "button", disabled: pending > 0, onClick: () => void publish({ at: new Date().toISOString() }) }, "Publish the time"),
    error === null ? null : h("p", { role: "alert" }, error.message),
    h("ol", null, ...entries.map((entry) => h("li", { key: entry.position }, `${entry.position}: ${entry.raw}`))),
  );
}

const page = globalThis as unknown as { readonly document: { getElementById(id: string): Element }; readonly location: { readonly search: string } };
const url = new URLSearchParams(page.location.search).get("server") ?? "http://127.0.0.1:4150";
createRoot(page.document.getElementById("root")).render(h(StrictMode, null, h(HoldfastProvider, { url }, h(Page))));
