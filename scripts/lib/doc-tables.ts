/**
 * The tables that documentation takes from the code: where each comes from, where it stands, and how it is drawn.
 * A table stands between `<!-- table:NAME -->` and `<!-- /table -->`; nobody edits it there.
 */

/** A row as a module exports it. */
export type Row = Readonly<Record<string, unknown>>;

/** One table. `module` exports `name` (an object of rows); `keep` picks some of its rows. */
export interface TableSource {
  readonly table: string;
  readonly page: string;
  readonly module: string;
  readonly export: string;
  readonly keep?: (name: string) => boolean;
  readonly columns: Readonly<Record<string, (name: string, row: Row) => string>>;
}

const cell = (value: unknown): string =>
  value === null || value === undefined
    ? ""
    : String(value)
        .replaceAll("|", "\\|")
        .replaceAll(/\s*\n\s*/g, " ");
const code = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return value === null || value === undefined || text === "" ? "none" : `\`${cell(text)}\``;
};

const codeColumns = {
  Code: (name: string, row: Row) => (row["later"] ? `\`${name}\` (not sent yet)` : `\`${name}\``),
  Close: (_: string, row: Row) => cell(row["close"]),
  HTTP: (_: string, row: Row) => cell(row["http"]),
  "The client then": (_: string, row: Row) => cell(row["retry"]),
  Meaning: (_: string, row: Row) => cell(row["meaning"]),
  "What to do": (_: string, row: Row) => cell(row["remedy"]),
};

const limitColumns = {
  Limit: (name: string) => `\`${name}\``,
  Value: (_: string, row: Row) => `${cell(row["value"])} ${cell(row["unit"])}`.trim(),
  What: (_: string, row: Row) => cell(row["what"]),
  "Answered with": (_: string, row: Row) => code(row["code"]),
  "Counted by": (_: string, row: Row) => code(row["metric"]),
};

/** Limits of what looks and serves nobody: nothing is answered or counted beyond them. */
const lookLimitColumns = { Limit: limitColumns.Limit, Value: limitColumns.Value, What: limitColumns.What };

const optionColumns = {
  Option: (name: string) => `\`${name}\``,
  Default: (_: string, row: Row) => code(row["default"]),
  Unit: (_: string, row: Row) => cell(row["unit"]),
  What: (_: string, row: Row) => cell(row["what"]),
};

const meaningColumns = {
  Code: (name: string) => `\`${name}\``,
  Meaning: (_: string, row: Row) => cell(row["meaning"]),
};

const grpcStatusColumns = {
  Code: (name: string) => `\`${name}\``,
  Status: (_: string, row: Row) => cell(row["status"]),
  Number: (_: string, row: Row) => cell(row["number"]),
};

const failureColumns = { ...meaningColumns, "What to do": (_: string, row: Row) => cell(row["remedy"]) };

/** Names of quantities end in `Max` when they are limits. */
const isLimit = (name: string): boolean => name.endsWith("Max");

const endColumns = {
  Code: (name: string) => `\`${name}\``,
  "Ended by": (_: string, row: Row) => cell(row["side"]),
  HTTP: (_: string, row: Row) => cell(row["http"]),
  Meaning: (_: string, row: Row) => cell(row["meaning"]),
  "What to do": (_: string, row: Row) => cell(row["remedy"]),
};

const metricColumns = {
  Metric: (name: string) => `\`${name}\``,
  Type: (_: string, row: Row) => cell(row["type"]),
  Labels: (_: string, row: Row) => (row["labels"] as readonly string[]).map((label) => `\`${label}\``).join(", "),
  What: (_: string, row: Row) => cell(row["what"]),
};

const proxyRefusalColumns = {
  Code: (name: string) => `\`${name}\``,
  "Counted as": (_: string, row: Row) => code(row["end"]),
  Meaning: (_: string, row: Row) => cell(row["meaning"]),
  "What to do": (_: string, row: Row) => cell(row["remedy"]),
};

const engineOptions = { module: "packages/server/src/engines/options.ts", export: "engineOptionDocs", columns: optionColumns };
const options = (part: string) => ({ module: `packages/${part}/src/options.ts`, export: `${part}OptionDocs`, columns: optionColumns });

const webSocketLimits = { module: "packages/guard/src/websocket/limits.ts", export: "webSocketLimitDocs", columns: optionColumns };

const closeColumns = {
  Close: (_: string, row: Row) => cell(row["close"]),
  Code: (name: string) => `\`${name}\``,
  "What a client should make of it": (_: string, row: Row) => cell(row["client"]),
};

const hostileColumns = {
  Row: (name: string) => name,
  Input: (_: string, row: Row) => cell(row["input"]),
  Answer: (_: string, row: Row) => cell(row["answer"]),
  "Counted as": (_: string, row: Row) => cell(row["code"]),
  "Node without guard": (_: string, row: Row) => cell(row["bare"]),
};
const missingColumns = { Row: hostileColumns.Row, Input: hostileColumns.Input, Why: (_: string, row: Row) => cell(row["why"]) };

/** One part of the hostile table. */
const hostile = (part: string): TableSource => ({
  table: `hostile-${part.toLowerCase()}`,
  page: "docs/hostile-input.md",
  module: "e2e/hostile/rows/index.ts",
  export: "hostileDocs",
  keep: (name) => name.startsWith(part),
  columns: hostileColumns,
});

/** Rows that stand with the tests of a part of guard, in their own form. */
const hostileOf = (part: string, module: string, name: string): TableSource => ({
  table: `hostile-${part}`,
  page: "docs/hostile-input.md",
  module,
  export: name,
  columns: {
    Row: (_: string, row: Row) => `${cell(row["part"])}${cell(row["row"])}`,
    Input: (_: string, row: Row) => cell(row["input"]),
    Answer: (_: string, row: Row) => cell(row["expected"]),
    "Counted as": (_: string, row: Row) => (row["codes"] as readonly string[]).map(code).join(" or "),
  },
});

const agentRefusalColumns = { ...failureColumns, HTTP: (_: string, row: Row) => cell(row["http"]) };
const poolCodeColumns = {
  ...failureColumns,
  "Can succeed later": (_: string, row: Row) => (row["retryable"] ? "yes" : "no"),
};
const poolEndColumns = { Code: endColumns.Code, "Ended by": endColumns["Ended by"], Meaning: endColumns.Meaning };

const findingColumns = { ...failureColumns, Weight: (_: string, row: Row) => cell(row["severity"]) };
const ruleColumns = {
  Rule: (name: string) => name,
  Inequality: (_: string, row: Row) => `\`${cell(row["inequality"])}\``,
  What: (_: string, row: Row) => cell(row["what"]),
  Findings: (_: string, row: Row) => (row["codes"] as readonly string[]).map((each) => `[${each}](findings/${each}.md)`).join(", "),
};

const optionNameColumns = { Need: optionColumns.Option, Default: optionColumns.Default, Unit: optionColumns.Unit, What: optionColumns.What };

const poolerColumns = {
  Refused: (_: string, row: Row) => cell(row["what"]),
  Why: (_: string, row: Row) => cell(row["why"]),
  Instead: (_: string, row: Row) => cell(row["instead"]),
};
const databaseOptions = { module: "packages/pool/src/database/options.ts", export: "databaseOptionDocs", columns: optionColumns };

const hopModule = "packages/path/src/hop-docs.ts";
/** From the user inward. */
const hopKinds = ["browser", "cdn", "balancer", "flow", "proxy", "runtime", "client", "pooler", "database", "cache", "kernel"];
const hopColumns = {
  Product: (_: string, row: Row) => cell(row["product"]),
  Knob: (_: string, row: Row) => code(row["knob"]),
  Class: (_: string, row: Row) => cell(row["class"]),
  Side: (_: string, row: Row) => cell(row["side"]),
  Default: (_: string, row: Row) => cell(row["default"]),
  Range: (_: string, row: Row) => cell(row["range"]),
  "Reset by": (_: string, row: Row) => cell(row["reset"]),
  Ends: (_: string, row: Row) => cell(row["ends"]),
  Note: (_: string, row: Row) => cell(row["note"]),
  "Known from": (_: string, row: Row) => cell(row["source"]),
};
const productColumns = {
  Id: (name: string) => `\`${name}\``,
  Product: (_: string, row: Row) => cell(row["name"]),
  "Also called": (_: string, row: Row) => cell(row["aliases"]),
  Kind: (_: string, row: Row) => cell(row["kind"]),
  "Version meant": (_: string, row: Row) => cell(row["version"]),
  "Fires up to": (_: string, row: Row) => `${row["granularityMs"]} ms late`,
};
const silenceColumns = { Silence: (name: string) => name, "May be": (_: string, row: Row) => cell(row["who"]) };
const wordsOf = (row: Row, key: string): readonly string[] => (row[key] as readonly string[] | undefined) ?? [];
const claimColumns = {
  Claim: (name: string) => name,
  Published: (_: string, row: Row) => cell(row["claim"]),
  Verdict: (_: string, row: Row) => cell(row["verdict"]),
  "What is true": (_: string, row: Row) => cell(row["truth"]),
  "Known by": (_: string, row: Row) => `${cell(row["by"])}: ${cell(row["evidence"])}`,
  "In Holdfast": (_: string, row: Row) =>
    [
      ...wordsOf(row, "findings").map((name) => `[${code(name)}](findings/${name}.md)`),
      ...wordsOf(row, "options").map(code),
      ...wordsOf(row, "pages").map((name) => `[${name}](${name}.md)`),
    ].join(", "),
};

/** Every table, in the order in which it is checked. */
export const tables: readonly TableSource[] = [
  { table: "codes", page: "docs/codes.md", module: "packages/protocol/src/codes.ts", export: "codes", columns: codeColumns },
  { table: "limits", page: "docs/limits.md", module: "packages/protocol/src/limits.ts", export: "limits", columns: limitColumns },
  { table: "server-limits", page: "docs/limits.md", ...options("server"), keep: isLimit },
  { table: "engine-limits", page: "docs/limits.md", ...engineOptions, keep: isLimit },
  { table: "client-limits", page: "docs/limits.md", ...options("client"), keep: isLimit },
  { table: "server-options", page: "docs/options.md", ...options("server") },
  { table: "engine-options", page: "docs/options.md", ...engineOptions },
  { table: "client-options", page: "docs/options.md", ...options("client") },
  { table: "guard-options", page: "docs/guard.md", ...options("guard") },
  { table: "guard-ends", page: "docs/guard.md", module: "packages/guard/src/ends.ts", export: "ends", columns: endColumns },
  { table: "guard-limits", page: "docs/limits.md", ...options("guard"), keep: isLimit },
  { table: "http2-limits", page: "docs/http2.md", module: "packages/guard/src/http2/settings.ts", export: "http2LimitDocs", columns: optionColumns },
  { table: "grpc-statuses", page: "docs/grpc.md", module: "packages/protocol/src/grpc/status.ts", export: "grpcStatusDocs", columns: grpcStatusColumns },
  { table: "websocket-limits", page: "docs/websocket.md", ...webSocketLimits },
  { table: "websocket-closes", page: "docs/websocket.md", module: "packages/guard/src/websocket/closes.ts", export: "webSocketCloses", columns: closeColumns },
  { table: "websocket-limits-max", page: "docs/limits.md", ...webSocketLimits, keep: isLimit },
  {
    table: "listener-options",
    page: "docs/options.md",
    module: "packages/cli/src/serve/listener.ts",
    export: "listenerOptionDocs",
    columns: optionColumns,
  },
  { table: "cli-options", page: "docs/options.md", ...options("cli") },
  {
    table: "identity-options",
    page: "docs/who-is-it.md",
    module: "packages/guard/src/identity/options.ts",
    export: "identityOptionDocs",
    columns: optionColumns,
  },
  {
    table: "proxy-refusals",
    page: "docs/who-is-it.md",
    module: "packages/guard/src/identity/refusals.ts",
    export: "proxyRefusals",
    columns: proxyRefusalColumns,
  },
  { table: "tls-options", page: "docs/tls.md", module: "packages/guard/src/tls/options.ts", export: "tlsOptionDocs", columns: optionColumns },
  { table: "tls-failures", page: "docs/tls.md", module: "packages/guard/src/tls/handshake-failure.ts", export: "handshakeFailures", columns: failureColumns },
  { table: "tls-notices", page: "docs/tls.md", module: "packages/guard/src/tls/tls-front.ts", export: "tlsNotices", columns: meaningColumns },
  { table: "looking-limits", page: "docs/limits.md", module: "packages/guard/src/looking/limits.ts", export: "lookingLimits", columns: limitColumns },
  {
    table: "guard-metrics",
    page: "docs/looking.md",
    module: "packages/guard/src/looking/metric-docs.ts",
    export: "guardMetricDocs",
    columns: metricColumns,
  },
  { table: "session-options", page: "docs/line-http2.md", module: "packages/client/src/node/options.ts", export: "sessionOptionDocs", columns: optionColumns },
  { table: "pool-codes", page: "docs/pool.md", module: "packages/pool/src/codes.ts", export: "poolCodes", columns: poolCodeColumns },
  { table: "pool-options", page: "docs/pool-core.md", module: "packages/pool/src/core/options.ts", export: "poolOptionDocs", columns: optionColumns },
  { table: "agent-options", page: "docs/pool-agent.md", module: "packages/pool/src/agent/options.ts", export: "agentOptionDocs", columns: optionColumns },
  {
    table: "budget-options",
    page: "docs/database-budget.md",
    module: "packages/pool/src/budget/options.ts",
    export: "budgetOptionDocs",
    columns: optionColumns,
  },
  { table: "budget-notices", page: "docs/database-budget.md", module: "packages/pool/src/budget/notices.ts", export: "budgetNotices", columns: failureColumns },
  { table: "pool-ends", page: "docs/pool.md", module: "packages/pool/src/ends.ts", export: "poolEnds", columns: poolEndColumns },
  { table: "pool-http2-options", page: "docs/pool-http2.md", module: "packages/pool/src/http2/options.ts", export: "http2OptionDocs", columns: optionColumns },
  { table: "http-pool-options", page: "docs/pool.md", module: "packages/pool/src/http/options.ts", export: "httpPoolOptionDocs", columns: optionColumns },
  { table: "http-pool-metrics", page: "docs/pool.md", module: "packages/pool/src/http/metric-docs.ts", export: "httpPoolMetricDocs", columns: metricColumns },
  {
    table: "backend-options",
    page: "docs/pool-backends.md",
    module: "packages/pool/src/backends/options.ts",
    export: "backendOptionDocs",
    columns: optionColumns,
  },
  {
    table: "backend-changes",
    page: "docs/pool-backends.md",
    module: "packages/pool/src/backends/changes.ts",
    export: "backendChanges",
    columns: meaningColumns,
  },
  { table: "emit-options", page: "docs/emit.md", module: "packages/path/src/emitters/hop.ts", export: "emitOptionDocs", columns: optionColumns },
  { table: "time-findings", page: "docs/time.md", module: "packages/cli/src/time/findings.ts", export: "findingDocs", columns: findingColumns },
  { table: "doctor-options", page: "docs/doctor.md", module: "packages/doctor/src/ask.ts", export: "askOptionDocs", columns: optionColumns },
  {
    table: "host-sysctls",
    page: "docs/doctor-host.md",
    module: "packages/doctor/src/host/sysctls.ts",
    export: "sysctlDocs",
    columns: { Setting: (name) => `\`${name}\``, What: (_, row) => cell(row["what"]) },
  },
  { table: "host-limits", page: "docs/doctor-host.md", module: "packages/doctor/src/host/limits.ts", export: "hostLimits", columns: lookLimitColumns },
  { table: "log-limits", page: "docs/doctor-log.md", module: "packages/doctor/src/log/limits.ts", export: "logLimits", columns: lookLimitColumns },
  {
    table: "doctor-agent-options",
    page: "docs/doctor-agent.md",
    module: "packages/doctor/src/agent/options.ts",
    export: "doctorAgentOptionDocs",
    columns: optionColumns,
  },
  {
    table: "doctor-agent-limits",
    page: "docs/limits.md",
    module: "packages/doctor/src/agent/options.ts",
    export: "doctorAgentOptionDocs",
    keep: isLimit,
    columns: optionColumns,
  },
  {
    table: "doctor-agent-refusals",
    page: "docs/doctor-agent.md",
    module: "packages/doctor/src/agent/refusals.ts",
    export: "agentRefusals",
    columns: agentRefusalColumns,
  },
  { table: "database-options", page: "docs/databases.md", ...databaseOptions },
  { table: "database-limits", page: "docs/limits.md", ...databaseOptions, keep: isLimit },
  { table: "ladder-rules", page: "docs/ladder.md", module: "packages/path/src/ladder/rules.ts", export: "ruleDocs", columns: ruleColumns },
  { table: "path-needs", page: "docs/plan.md", module: "packages/path/src/ladder/needs.ts", export: "needDocs", columns: optionNameColumns },
  { table: "pooler", page: "docs/databases.md", module: "packages/pool/src/postgres/pooler.ts", export: "poolerRows", columns: poolerColumns },
  { table: "pool-metrics", page: "docs/databases.md", module: "packages/pool/src/database/metric-docs.ts", export: "poolMetricDocs", columns: metricColumns },
  { table: "lint-limits", page: "docs/lint.md", module: "packages/cli/src/lint/limits.ts", export: "lintLimits", columns: lookLimitColumns },
  ...["A", "B", "D", "E", "G"].map(hostile),
  hostileOf("websocket", "packages/guard/test/websocket/rows.ts", "hostileRows"),
  hostileOf("http2", "scripts/test-support/http2-rows.ts", "http2Rows"),
  hostileOf("grpc", "packages/server/test/transports/grpc/rows.ts", "grpcRows"),
  { table: "hostile-missing", page: "docs/hostile-input.md", module: "e2e/hostile/not-yet.ts", export: "notYet", columns: missingColumns },
  { table: "products", page: "docs/hops.md", module: hopModule, export: "productRows", columns: productColumns },
  { table: "silences", page: "docs/hops.md", module: hopModule, export: "silenceRows", columns: silenceColumns },
  ...hopKinds.map((kind) => ({
    table: `hops-${kind}`,
    page: "docs/hops.md",
    module: hopModule,
    export: "hopRows",
    keep: (name: string) => name.startsWith(`${kind}/`),
    columns: hopColumns,
  })),
  { table: "claims", page: "docs/claims.md", module: "packages/path/src/claims/index.ts", export: "claims", columns: claimColumns },
];

/** The table as Markdown, ending in a line break. */
export function drawTable(source: Pick<TableSource, "columns" | "keep">, rows: Readonly<Record<string, Row>>): string {
  const heads = Object.keys(source.columns);
  const cells = Object.entries(rows)
    .filter(([name]) => source.keep?.(name) ?? true)
    .map(([name, row]) => Object.values(source.columns).map((draw) => draw(name, row)));
  const lines = [heads, heads.map(() => "---"), ...cells];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

/** The page with the table put in its place; null when the page has no place for it. */
export function placeTable(page: string, name: string, table: string): string | null {
  const start = `<!-- table:${name} -->`;
  const from = page.indexOf(start);
  const to = page.indexOf("<!-- /table -->", from);
  if (from < 0 || to < 0) return null;
  return `${page.slice(0, from + start.length)}\n\n${table}\n${page.slice(to)}`;
}
