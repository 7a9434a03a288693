/**
 * Across files: what one tool forwards to is held against what another listens on, by the ladder. Routes meet by their addresses; one that meets none
 * is held against the only other tool behind it on the command line, where that says no address. Pure.
 */
import type { DeclaredHop, DeclaredPath, Place } from "../declared.ts";
import type { Finding } from "../finding.ts";
import { lintFindings } from "../findings/lint.ts";
import { findingMaker } from "../findings/make.ts";
import { findProduct } from "../hops/index.ts";
import { violationFinding } from "../ladder/finding.ts";
import { violationsOf } from "../ladder/index.ts";
import { PathError } from "../path-error.ts";
import type { Violation } from "../plan.ts";
import { addressesLoop, addressesMeet } from "./addresses.ts";
import type { Route, SourceFile, Tool, ToolReading } from "./tool.ts";

/** A tool with what it has read. */
export interface ReadTool {
  readonly tool: Tool;
  readonly files: readonly SourceFile[];
  readonly reading: ToolReading;
}

/** A route with the tool that it belongs to. */
interface Owned {
  readonly tool: Tool;
  readonly route: Route;
}

type Pair = readonly [sender: Owned, receiver: Owned];

/** Distinct pairs of routes; a thousand locations of one upstream are one. More are left out, and told. */
export const linksMax = 100;

const finding = findingMaker(lintFindings);

export interface Linked {
  readonly findings: Finding[];
  readonly links: number;
  /** Files of routes that were held against their real sender. */
  readonly received: ReadonlySet<string>;
}

export function linkFindings(read: readonly ReadTool[], path: DeclaredPath | null): Linked {
  const pairs = distinctPairs(pairsOf(read));
  const judged = pairs.slice(0, linksMax);
  const findings = [...judged.flatMap((pair) => judgePair(pair, path)), ...(path === null ? [] : judgeRest(read, pairs, path))];
  if (pairs.length > judged.length) {
    findings.push(finding("lint_links_left_out", { title: `${pairs.length} links between the files, of which the first ${linksMax} were judged` }));
  }
  return { findings, links: judged.length, received: new Set(judged.map(([, { route }]) => route.place.file)) };
}

function pairsOf(read: readonly ReadTool[]): Pair[] {
  const all = read.map(({ tool, reading }) => reading.routes.map((route): Owned => ({ tool, route })));
  return all.flatMap((own, at) => {
    const behind = all.slice(at + 1).filter((routes) => routes.length > 0);
    return own.flatMap((sender): Pair[] => {
      const { forwards } = sender.route;
      if (forwards.length === 0) return [];
      const arrives = (other: Owned): boolean => {
        const meets = other.tool === sender.tool && other.route.of === sender.route.of ? addressesLoop : addressesMeet;
        return other !== sender && other.route.listens.some((listen) => forwards.some((each) => meets(each, listen)));
      };
      const met = all.flat().filter(arrives);
      const silent = behind.length === 1 ? (behind[0] ?? []).filter(({ route }) => route.listens.length === 0) : [];
      return (met.length > 0 ? met : silent).map((receiver): Pair => [sender, receiver]);
    });
  });
}

/** Pairs whose values and places differ. */
function distinctPairs(pairs: readonly Pair[]): Pair[] {
  const identity = ([a, b]: Pair): string => JSON.stringify([a, b].map(({ tool, route: { hop } }) => [tool.id, hop.version, hop.values, hop.places]));
  return [...new Map(pairs.map((pair) => [identity(pair), pair])).values()];
}

/** The pair alone, or in its places on the declared path. */
function judgePair([sender, receiver]: Pair, path: DeclaredPath | null): Finding[] {
  const whole = path === null ? null : placed(path, [sender, receiver]);
  const hops = whole?.hops ?? twoHops(sender, receiver);
  return judge({ ...path, hops }, [sender, receiver], whole === null);
}

/** Tools of which no route meets another's, in their places on the declared path; and the path itself, where it has none of the tools. */
function judgeRest(read: readonly ReadTool[], pairs: readonly Pair[], path: DeclaredPath): Finding[] {
  const inPairs = new Set(pairs.flat().map(({ tool }) => tool));
  const onPath = read.filter(({ tool }) => hopIndex(path, tool.id) >= 0);
  const strangers = read.filter((each) => each.reading.routes.length > 0 && !onPath.includes(each));
  const alone = onPath.flatMap(({ tool, reading }) => {
    if (inPairs.has(tool)) return [];
    const distinct = new Map(reading.routes.map((route) => [JSON.stringify([route.hop.values, route.hop.places]), route]));
    return [...distinct.values()].slice(0, linksMax).flatMap((route) => {
      const whole = placed(path, [{ tool, route }]);
      return whole === null ? [] : judge(whole, [{ tool, route }], false);
    });
  });
  return [
    ...(onPath.length === 0 ? judge(path, [], false) : alone),
    ...strangers.map(({ tool, files }) =>
      finding("lint_not_on_path", { title: `${tool.name} is not on the declared path`, hop: tool.id, place: { file: files[0]?.file ?? "", line: 1 } }),
    ),
  ];
}

const hopIndex = (path: DeclaredPath, product: string): number => path.hops.findIndex((hop) => (findProduct(hop.product)?.id ?? hop.product) === product);

function twoHops(sender: Owned, receiver: Owned): DeclaredHop[] {
  const [a, b] = [knownHop(sender), knownHop(receiver)];
  return [a, a.name === b.name ? { ...b, name: `${b.name} (${receiver.route.place.file})` } : b];
}

/** The path with what the files say in the place of what it declares; null where it lacks one of the tools. */
function placed(path: DeclaredPath, owned: readonly Owned[]): DeclaredPath | null {
  const hops = [...path.hops];
  for (const each of owned) {
    const at = hopIndex(path, each.route.hop.product);
    const declared = hops[at];
    if (declared === undefined) return null;
    const own = knownHop(each);
    hops[at] = { ...declared, ...own, name: declared.name, values: { ...declared.values, ...own.values }, places: { ...declared.places, ...own.places } };
  }
  return { ...path, hops };
}

/** The hop with the values that the database knows of: others are of no matter to the ladder. */
function knownHop({ route: { hop } }: Owned): DeclaredHop {
  const known = new Set(findProduct(hop.product)?.knobs.map(({ name }) => name));
  return { ...hop, values: Object.fromEntries(Object.entries(hop.values).filter(([name]) => known.has(name))) };
}

/** `onlyLinks`: hops that stand alone were declared by nobody, so only what two of them do to each other counts. */
function judge(path: DeclaredPath, owned: readonly Owned[], onlyLinks: boolean): Finding[] {
  if (path.hops.some(({ product }) => findProduct(product) === null && path.products?.[product] === undefined)) return [];
  try {
    return violationsOf(path)
      .filter(({ operands }) => !onlyLinks || new Set(operands.map(({ hop }) => hop)).size > 1)
      .map((violation) => findingOf(violation, path, owned));
  } catch (thrown) {
    if (!(thrown instanceof PathError)) throw thrown;
    const { hop, place, message } = thrown;
    return [finding("lint_value_refused", { title: message.replace(/^bad_path: /, ""), hop, place: place ?? owned[0]?.route.place ?? null })];
  }
}

/** With a place for each side: where its timer is written, else where the route begins that has the default. */
function findingOf(violation: Violation, path: DeclaredPath, owned: readonly Owned[]): Finding {
  const base = violationFinding(violation);
  const ownerOf = (hop: string): Owned | undefined => {
    const product = path.hops.find(({ name }) => name === hop)?.product;
    return owned.findLast(({ route }) => route.hop.product === (findProduct(product ?? "")?.id ?? product));
  };
  // The blamed side first, whether its value is written or a default.
  const operands = [...violation.operands].sort((a, b) => Number(b.hop === base.hop) - Number(a.hop === base.hop));
  const places = operands.map(({ hop, place }) => place ?? ownerOf(hop)?.route.place ?? null).filter((place) => place !== null);
  const advice = base.advice.map((words, i) => {
    const fix = violation.fixes[i];
    const owner = fix === undefined ? undefined : ownerOf(fix.hop);
    const line = fix === undefined ? undefined : owner?.tool.line?.(fix.knob, fix.value, owner.route.hop.version ?? null);
    return fix === undefined || line === undefined ? words : `${fix.hop}: ${line}  (cost: ${fix.cost})`;
  });
  const [place = base.place, ...related] = distinctPlaces(places);
  return { ...base, place, related, advice };
}

const distinctPlaces = (places: readonly Place[]): Place[] => [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
