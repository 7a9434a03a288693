/**
 * The lower panel: open streams. Each hop's timers of silence as bars across it, and over all of them the heartbeat, the shortest silence, the
 * moment at which either end knows that the other is dead, and the ages at which clients move by themselves.
 */
import { formatDuration } from "../duration.ts";
import type { Setting } from "../plan.ts";
import { brackets, diamond, frame } from "./frame.ts";
import { flowTimers } from "./kept.ts";
import { Labels } from "./labels.ts";
import { type Scale, timeScale } from "./scale.ts";
import { axisX, brokenBy, isSame, numberOf, rowOf, type Sheet, targetOf, worst } from "./sheet.ts";
import { shortTime, timeOf, timeRange, xml } from "./words.ts";

type Time = number | "never";

const streamKinds = ["websocket", "event-stream"];

/** A hop's timers of silence; one that is off is not drawn. */
export const streamTimers = (settings: readonly Setting[]): Setting[] =>
  settings.filter((setting) => setting.knob.classes.includes("C") && setting.knob.unit === "ms" && typeof setting.value === "number" && setting.value > 0);

export function streamsPanel(sheet: Sheet, top: number, height: number): string[] {
  const { plan } = sheet;
  const { heartbeatMs, deadAfterMs, silenceMs, reconnectMs } = plan.streams;
  const measured = sheet.measured.filter(({ of }) => streamKinds.includes(of));
  const boxes = plan.links.flatMap((link) => link.boxes);
  const settings = [...plan.hops.flatMap((hop) => streamTimers(hop.settings)), ...boxes.flatMap(flowTimers)];
  const own = [heartbeatMs, deadAfterMs, silenceMs, reconnectMs?.from ?? null, reconnectMs?.to ?? null];
  const brought = measured.flatMap(({ atLeastMs, atMostMs }) => [atLeastMs, atMostMs]);
  const values = [...settings.map(timeOf), ...own, ...brought].filter((one) => one !== null);
  const scale = timeScale(values, top, height);
  const labels = new Labels({ top: top - 4, bottom: top + height + 12 });
  for (const setting of settings) labels.take(sheet.x(setting.hop) - 13, scale.y(setting.value as Time) - 4, 26, 8);
  const across = linesAcross(sheet, scale, labels);
  const bars = rowOf(plan).flatMap((hop) => hopBars(sheet, scale, streamTimers(hop.settings), labels));
  const flows = boxes.flatMap((box) => {
    const x = sheet.x(box.name);
    return [
      `<path class="line thin dotted box" d="M${x} ${scale.top - 12}V${scale.bottom + 12}"/>`,
      ...flowTimers(box).map((setting) => diamond(x, scale.y(setting.value as Time), "box", timerTitle(setting))),
    ];
  });
  return [...frame(sheet, scale, values.includes("never")), ...across, ...flows, ...bars, ...brackets(sheet, scale, labels, measured)];
}

const timerTitle = (setting: Setting): string => `${setting.hop}: ${setting.knob.name} ${formatDuration(setting.value as Time)} (${setting.from})`;

function linesAcross(sheet: Sheet, scale: Scale, labels: Labels): string[] {
  const { streams, violations } = sheet.plan;
  const last = rowOf(sheet.plan).at(-1)?.name ?? "";
  const right = sheet.x(last) + 14;
  const line = (ms: number, words: string, look: string): string[] => {
    const y = scale.y(ms);
    return [`<path class="line ${look}" d="M${axisX} ${y}H${right}"/>`, labels.text(words, right + 5, y + 4, "start", `${look.split(" ")[0]} strong`)];
  };
  const broken = violations.filter(({ rule }) => rule.startsWith("C"));
  const badges = broken.map((one, i) => labels.badge(numberOf(sheet.plan, one), right - 28 - i * 20, scale.y(streams.heartbeatMs), one.severity));
  return [
    ...reconnectBand(sheet, scale, right, labels),
    ...line(streams.heartbeatMs, `heartbeat ${shortTime(streams.heartbeatMs)}`, "ok"),
    ...(streams.silenceMs === null ? [] : line(streams.silenceMs, `silence cut at ${shortTime(streams.silenceMs)}`, "stream thin dashed")),
    ...line(streams.deadAfterMs, `dead by ${shortTime(streams.deadAfterMs)}`, "info thin dashed"),
    ...badges,
  ];
}

function reconnectBand({ plan }: Sheet, scale: Scale, right: number, labels: Labels): string[] {
  const { reconnectMs } = plan.streams;
  if (reconnectMs === null) return [];
  const [from, to] = [scale.y(reconnectMs.from), scale.y(reconnectMs.to)];
  const height = Math.max(3, to - from);
  return [
    `<rect class="band stream" x="${axisX}" y="${from}" width="${right - axisX}" height="${height.toFixed(1)}"/>`,
    labels.text(`move ${timeRange(reconnectMs.from, reconnectMs.to)}`, right + 5, from + height / 2 + 4, "start", "stream strong"),
  ];
}

/** One bar for each time that a hop has; the shortest and what is broken are named. */
function hopBars(sheet: Sheet, scale: Scale, settings: readonly Setting[], labels: Labels): string[] {
  const byTime = [...Map.groupBy(settings, ({ value }) => value as Time)];
  const shortest = Math.min(...settings.map(({ value }) => (value === "never" ? Number.POSITIVE_INFINITY : (value as number))));
  return byTime.flatMap(([time, same]) => {
    const first = same[0] as Setting;
    const [x, y] = [sheet.x(first.hop), scale.y(time)];
    const broken = same.flatMap((setting) => brokenBy(sheet.plan, setting)).filter(({ rule }) => rule.startsWith("C"));
    const limits = sheet.plan.streams.limitedBy;
    const look = broken.length > 0 ? worst(broken) : "stream";
    const isNamed = time === shortest || broken.length > 0 || (limits !== null && same.some((setting) => isSame(setting, limits)));
    const wanted = targetOf(sheet.plan, first)?.value;
    const goal = typeof wanted === "number" && wanted !== time ? ` (set ${shortTime(wanted)})` : "";
    return [
      `<path class="line ${look}" style="stroke-width:5px" d="M${x - 13} ${y}H${x + 13}"><title>${xml(same.map(timerTitle).join("; "))}</title></path>`,
      ...(isNamed ? [labels.text(`${shortTime(time)}${goal}`, x + 17, y + 4, "start", `${look} strong`)] : []),
    ];
  });
}
