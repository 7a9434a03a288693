/**
 * A module for a Node server out of a plan: plain timers to be set on an http.Server, and the same by guard, which keeps them exactly. The module
 * runs as it stands; `import` it and call one of its two functions.
 */
import type { Value } from "../knob.ts";
import type { Plan } from "../plan.ts";
import { commented, type EmitOptions, type EmittedHop, hopOf, plain } from "./hop.ts";
import { literal, objectLines } from "./literal.ts";
import { drainOptionsOf, guardOptionsOf } from "./ours.ts";

/** Names of the hop database that are properties of an http.Server by the same name. */
const properties = [
  "keepAliveTimeout",
  "keepAliveTimeoutBuffer",
  "headersTimeout",
  "requestTimeout",
  "connectionsCheckingInterval",
  "timeout",
  "maxRequestsPerSocket",
];
/** Only taken when a server is made. */
const atCreation = new Set(["connectionsCheckingInterval"]);

/** 0 is "never" in Node, and nothing is "off". */
const nodeValue = (value: Value): Value => (value === "never" ? 0 : value);

interface TimerLine {
  readonly name: string;
  readonly value: Value;
  readonly why: string;
}

function timersOf(emitted: EmittedHop): TimerLine[] {
  return properties.flatMap((name): TimerLine[] => {
    const written = emitted.read(name);
    return written === null ? [] : [{ name, value: nodeValue(written.value), why: written.value === "never" ? `${written.why}; 0 is never` : written.why }];
  });
}

export function emitNode(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, ["node"], options);
  const timers = timersOf(emitted);
  const set = timers.filter(({ name }) => !atCreation.has(name));
  const lines = [
    ...emitted.head("Node's timers, an ES module").map((text) => `// ${plain(text)}`),
    "",
    "/** For `createServer(serverOptions, app)`: what can not be changed later. */",
    ...objectLines(
      "serverOptions",
      timers.filter(({ name }) => atCreation.has(name)),
    ),
    "",
    "/** Plain Node: sets the timers of an http.Server or https.Server and returns it. */",
    "export function setTimers(server) {",
    ...commented(
      set.map(({ name, value, why }) => [`  server.${name} = ${literal(value)};`, why] as const),
      "//",
    ),
    "  return server;",
    "}",
    "",
    "/** The same by `@holdfast/guard`, which also announces every end that it may announce, and drains. */",
    ...objectLines("guardOptions", [...guardOptionsOf(emitted), ...drainOptionsOf(plan)]),
    "",
    "/** Guards a server; call it before `listen`, and `drain()` of what it returns when the process is to end. */",
    "export async function guarded(server) {",
    '  const { guard } = await import("@holdfast/guard");',
    "  return guard(server, guardOptions);",
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
