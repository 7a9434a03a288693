/** Rendering on a server: the initial state, no connection, no complaint. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { createElement, type ReactNode, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import type { StreamEntry } from "../../src/index.ts";
import { HoldfastProvider, useHoldfast, usePublish, useStatus, useStream } from "../../src/react/index.ts";
import { opened, settle } from "../support/opened.ts";

const sum = (value: number, { data }: StreamEntry): number => value + (data as number);

function Everything(): ReactNode {
  const { entries, last, status, gaps, error } = useStream("a", { from: "first" });
  const { value } = useStream("a", { reduce: sum, initial: 40 });
  const client = useHoldfast();
  const { pending, error: failure } = usePublish("a");
  const whole = useStatus();
  return createElement("p", null, JSON.stringify([entries, last, status, gaps, error, value, typeof client.publish, pending, failure, whole]));
}

const initial = {
  line: { state: "offline", code: null, reason: "", since: 0, gaps: 0 },
  whole: {
    ...{ state: "offline", code: null, reason: "nothing to carry", since: 0, transport: null },
    ...{ lastProofOfLifeMs: null, attempt: 0, retryAtMs: null, linkId: null },
  },
};

/** What React complains about goes to the console. */
function complaints(run: () => void): unknown[] {
  const { error, warn } = console;
  const said: unknown[] = [];
  console.error = (...all: unknown[]) => void said.push(all);
  console.warn = console.error;
  try {
    run();
  } finally {
    Object.assign(console, { error, warn });
  }
  return said;
}

const shown = (html: string): unknown => JSON.parse(html.replace(/<\/?p>/g, "").replaceAll("&quot;", '"'));
const expected = [[], null, initial.line, 0, null, 40, "function", 0, null, initial.whole];

test("with an address the initial state is printed and nothing is dialled", async () => {
  const server = createServer();
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const page = createElement(StrictMode, null, createElement(HoldfastProvider, { url }, createElement(Everything)));
  let html = "";
  assert.deepEqual(
    complaints(() => {
      html = renderToString(page);
      assert.equal(renderToString(page), html);
    }),
    [],
  );
  assert.deepEqual(shown(html), expected);
  await settle();
  // Would there be a connection, it would be accepted before this one.
  await fetch(url).catch(() => {});
  assert.equal(connections, 1);
  await new Promise((resolve) => server.close(resolve));
});

test("with a client of the application's the initial state is printed, whatever the client has", async () => {
  const { net, client } = opened();
  client.stream("other");
  net.last.welcome();
  await settle();
  const html = renderToString(createElement(HoldfastProvider, { client }, createElement(Everything)));
  assert.deepEqual(shown(html), expected);
  assert.equal(net.last.of("subscribe").length, 1, "only the one of the application");
});

test("a hook outside of a provider, a bad option and a bad size are told in the render", () => {
  const render = (node: ReactNode) => (): unknown => renderToString(node);
  const Sized = (): ReactNode => useStream("a", { keep: -1 }).status.state;
  assert.throws(render(createElement(Everything)), { message: "Expected a HoldfastProvider above this component, got none" });
  assert.throws(render(createElement(HoldfastProvider, { url: "http://h", options: { probeTimeoutMs: 0.5 } })), TypeError);
  assert.throws(render(createElement(HoldfastProvider, { url: "http://h" }, createElement(Sized))), TypeError);
});
