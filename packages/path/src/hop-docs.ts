/**
 * The hop database as rows of tables: one row for each knob, named `kind/product/knob`, and one for each silence that suspects share.
 * For docs/hops.md only: words and layout; what is true stands in hops/.
 */
import { formatDuration } from "./duration.ts";
import { defaultsOf } from "./fingerprints.ts";
import { products } from "./hops/index.ts";
import type { Knob, Product, Value } from "./knob.ts";

/** A row as scripts/lib/doc-tables.ts takes it. */
type Row = Readonly<Record<string, unknown>>;

const valueText = ({ unit }: Knob, value: Value): string => {
  if (value === "never") return unit === "count" ? "no limit" : "never";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  return unit === "ms" ? formatDuration(value) : value.toLocaleString("en-US");
};

const defaultText = (knob: Knob): string =>
  defaultsOf(knob)
    .map(({ value, versions }) => valueText(knob, value) + (versions === null ? "" : ` (${versions})`))
    .join(", ");

function rangeText(knob: Knob): string {
  if (knob.fixed) return "fixed";
  const [min, max] = [knob.min, knob.max].map((value) => (value === undefined ? "" : valueText(knob, value)));
  const range = min === "" && max === "" ? "" : `${min} - ${max}`;
  const zero = knob.zeroIs === undefined ? "" : `0 is ${knob.zeroIs}`;
  return [range, zero].filter(Boolean).join("; ");
}

const directions = { to_client: "to the client", to_server: "to the server", either: "either way" } as const;
const resetText = ({ resetBy }: Knob): string => (resetBy === undefined ? "" : `${resetBy.layer}, ${directions[resetBy.direction]}`);

const hopRow = (product: Product, knob: Knob): Row => ({
  product: product.name,
  knob: knob.name,
  class: knob.classes.join(" "),
  side: knob.side,
  default: defaultText(knob),
  range: rangeText(knob),
  reset: resetText(knob),
  ends: (knob.ends ?? []).join(", "),
  note: [knob.note, knob.fallsBackTo === undefined ? "" : `unset: ${knob.fallsBackTo.join(", then ")}`].filter(Boolean).join(". "),
  source: `${knob.grade}: ${knob.source}, ${knob.date}`,
});

export const hopRows: Readonly<Record<string, Row>> = Object.fromEntries(
  Object.values(products).flatMap((product) => product.knobs.map((knob) => [`${product.kind}/${product.id}/${knob.name}`, hopRow(product, knob)])),
);

/** What people call the products in a path. */
export const productRows: Readonly<Record<string, Row>> = Object.fromEntries(
  Object.values(products).map(({ id, name, aliases = [], kind, version, granularityMs }) => [
    id,
    { name, aliases: aliases.join(", "), kind, version, granularityMs },
  ]),
);

const silences = Object.values(products)
  .flatMap((product) =>
    product.knobs
      .filter(({ unit, classes, streams }) => unit === "ms" && streams?.length !== 0 && classes.some((word) => ["A", "C", "D"].includes(word)))
      .flatMap((knob) =>
        defaultsOf(knob).map(({ value, versions }) => ({ value, who: `${product.name}: ${knob.name}${versions === null ? "" : ` (${versions})`}` })),
      ),
  )
  .filter((row): row is { value: number; who: string } => typeof row.value === "number" && row.value > 0)
  .sort((a, b) => a.value - b.value);

/** Silences that end connections: idle timers of kept connections and of streams, and what forgets flows; shortest first. */
export const silenceRows: Readonly<Record<string, Row>> = Object.fromEntries(
  [...Map.groupBy(silences, ({ value }) => value)].map(([value, rows]) => [formatDuration(value), { who: rows.map(({ who }) => who).join(" · ") }]),
);
