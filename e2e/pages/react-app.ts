/**
 * The application of the React tests: shows one stream, the status and a button, and tells the test what it renders.
 * The same component is rendered on the server and hydrated in the page; what it shows is steered from outside.
 */
import { HoldfastProvider, type Publisher, useHoldfast, usePublish, useStatus, useStream } from "@holdfast/client/react";
import * as React from "react";
import { type ActivityProps, type ExoticComponent, Fragment, createElement as h, type ReactNode, StrictMode, useEffect, useSyncExternalStore } from "react";

/** What is shown. */
export interface Scene {
  readonly name: string | null;
  readonly from: "now" | "first" | { readonly after: string };
  /** Whether the provider is there at all, the reader below it, and whether it can be seen. */
  readonly provider: boolean;
  readonly reader: boolean;
  readonly visible: boolean;
}

/** What the reader last showed. */
export interface View {
  readonly entries: readonly (readonly [position: string, text: string])[];
  readonly count: number;
  readonly gaps: number;
  readonly gapAfter: string | null;
  readonly state: string;
  readonly error: string | null;
}

type Result = Awaited<ReturnType<Publisher["publish"]>>;

/** What is shown unless told otherwise. */
export const firstScene: Scene = { name: "a", from: "first", provider: true, reader: true, visible: true };
let scene = firstScene;
const listeners = new Set<() => void>();

/** The test's hold on the page. */
export const stage = {
  version: React.version,
  /** What stood there before hydration. */
  firstMarkup: null as string | null,
  /** Calls of the reader's function; StrictMode doubles them. */
  renders: 0,
  commits: 0,
  /** Runs of an effect without dependencies: two for each mount under StrictMode, one for a hydrated one. */
  mounts: 0,
  view: null as View | null,
  whole: null as { state: string; transport: string | null } | null,
  calls: { pending: 0, error: null as string | null },
  /** The most that was pending at once in a commit. */
  pendingMost: 0,
  results: [] as string[],
  clear: (): void => {},
  publish: (() => Promise.reject(new Error("not mounted"))) as Publisher["publish"],
  clients: new Set<object>(),
  set(next: Partial<Scene>): void {
    scene = { ...scene, ...next };
    for (const listener of [...listeners]) listener();
  },
};

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
const getScene = (): Scene => scene;

function Reader({ name, from }: Pick<Scene, "name" | "from">): ReactNode {
  stage.renders++;
  const { entries, last, gaps, lastGap, status, error, clear } = useStream(name, { from, keep: 10_000 });
  const { value: count } = useStream(name, { from, reduce: (value: number) => value + 1, initial: 0 });
  useEffect(() => void stage.mounts++, []);
  useEffect(() => {
    stage.commits++;
    stage.clear = clear;
    stage.view = {
      entries: entries.map(({ position, raw }) => [position, raw ?? ""] as const),
      count,
      gaps,
      gapAfter: lastGap?.after ?? null,
      state: status.state,
      error: error === null ? null : error.message,
    };
  }, [entries, count, gaps, lastGap, status, error, clear]);
  return h("p", { id: "reader" }, `${name}: ${entries.length} entries, last ${last?.raw ?? "none"}, ${gaps} gaps, ${status.state}`);
}

function Panel(): ReactNode {
  const status = useStatus();
  const client = useHoldfast();
  const { publish, pending, error } = usePublish("published");
  useEffect(() => {
    stage.whole = { state: status.state, transport: status.transport };
    stage.clients.add(client);
    stage.publish = publish;
    stage.calls = { pending, error: error?.code ?? null };
    stage.pendingMost = Math.max(stage.pendingMost, pending);
  }, [status, client, publish, pending, error]);
  const told = (result: Result): void => void stage.results.push(result.ok ? (result.published.position ?? "") : result.error.code);
  return h(
    "p",
    { id: "status" },
    `${status.state} since ${status.since} `,
    h("button", { type: "button", onClick: () => void publish(1).then(told) }, "Publish"),
  );
}

// A server that is started again is found soon.
const options = { backoffBaseMs: 50, backoffCapMs: 500 };

// React 18 has no parts that are hidden. Children come as arguments here, which the type of Activity does not know.
const { Activity } = React as { readonly Activity?: unknown };
const Part = Activity as ExoticComponent<Omit<ActivityProps, "children">> | undefined;

/** The whole page. */
export function App({ url }: { readonly url: string }): ReactNode {
  const { name, from, provider, reader, visible } = useSyncExternalStore(subscribe, getScene, getScene);
  const panel = h(Panel);
  const shownReader = reader ? h(Reader, { name, from }) : null;
  const shown = Part === undefined ? h(Fragment, null, panel, shownReader) : h(Part, { mode: visible ? "visible" : "hidden" }, panel, shownReader);
  return h(StrictMode, null, provider ? h(HoldfastProvider, { url, options }, shown) : null);
}
