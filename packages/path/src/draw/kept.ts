/**
 * The upper panel: kept connections. On each link the sender's timer on its left and the receiver's on its right, joined by a bar: the bar must
 * lead down, since whoever sends the next request has to give up first. What boxes below TCP remember stands between.
 */
import { formatDuration } from "../duration.ts";
import type { Link, Setting } from "../plan.ts";
import { brackets, diamond, dot, frame, target } from "./frame.ts";
import { Labels } from "./labels.ts";
import { type Scale, timeScale } from "./scale.ts";
import { bodyHalf, brokenBy, brokenOrder, numberOf, type Sheet, targetOf, worst } from "./sheet.ts";
import { shortTime, timeOf } from "./words.ts";

const isKept = (of: string): boolean => of === "http1" || of === "http2" || of === "tcp";
type Time = number | "never";

/** One end of a link, with its timer. A hop with one knob for both of its sides has two such ends. */
interface End {
  readonly link: Link;
  readonly isSender: boolean;
  readonly setting: Setting;
}

export function keptPanel(sheet: Sheet, top: number, height: number): string[] {
  const { plan } = sheet;
  const measured = sheet.measured.filter(({ of }) => isKept(of));
  const ends = plan.links.flatMap((link): End[] => [
    ...(timeOf(link.senderIdle) === null ? [] : [{ link, isSender: true, setting: link.senderIdle as Setting }]),
    ...(timeOf(link.receiverIdle) === null ? [] : [{ link, isSender: false, setting: link.receiverIdle as Setting }]),
  ]);
  const settings = [...ends.map(({ setting }) => setting), ...plan.links.flatMap(({ boxes }) => boxes.flatMap(flowTimers))];
  const values = [
    ...settings.flatMap((one) => [timeOf(one), targetTime(sheet, one)]),
    ...measured.flatMap(({ atLeastMs, atMostMs }) => [atLeastMs, atMostMs]),
  ].filter((one) => one !== null);
  const scale = timeScale(values, top, height);
  const labels = new Labels({ top: top - 4, bottom: top + height + 12 });
  for (const { link, isSender } of ends) labels.take(edgeX(sheet, link, isSender) - 6, scale.y(endTime(link, isSender) as Time) - 6, 12, 12);
  return [
    ...frame(sheet, scale, values.includes("never")),
    ...plan.links.flatMap((link) => drawBar(sheet, scale, link)),
    ...plan.links.flatMap((link) => drawBoxes(sheet, scale, link, labels)),
    ...plan.links.flatMap((link) => drawBadges(sheet, scale, link, labels)),
    ...ends.flatMap((end) => drawEnd(sheet, scale, end, labels)),
    ...plan.links.flatMap((link) => orderWords(sheet, scale, link, labels)),
    ...brackets(sheet, scale, labels, measured),
  ];
}

export const flowTimers = (box: Link["sender"]): Setting[] =>
  box.settings.filter(({ knob, value }) => knob.classes.includes("D") && (typeof value === "number" || value === "never"));

function targetTime(sheet: Sheet, setting: Setting): Time | null {
  const value = targetOf(sheet.plan, setting)?.value;
  return typeof value === "number" || value === "never" ? value : null;
}

/** Where an end's mark stands: at the edge of its hop that faces the link. */
const edgeX = (sheet: Sheet, { sender, receiver }: Link, isSender: boolean): number =>
  isSender ? sheet.x(sender.name) + bodyHalf : sheet.x(receiver.name) - bodyHalf;

interface Ends {
  readonly sender: Time;
  readonly receiver: Time;
}

/** When an end really fires: a receiver may add to its timer, and a pool that is emptied by halves lasts several times. */
function endTime({ senderIdle, receiverIdle, receiverBufferMs }: Link, isSender: boolean): Time | null {
  const time = timeOf(isSender ? senderIdle : receiverIdle);
  if (typeof time !== "number") return time;
  return isSender ? time * (senderIdle?.knob.lastsTimes ?? 1) : time + receiverBufferMs;
}

export function endsOf(link: Link): Ends | null {
  const [sender, receiver] = [endTime(link, true), endTime(link, false)];
  return sender === null || receiver === null ? null : { sender, receiver };
}

const asNumber = (time: Time): number => (time === "never" ? Number.POSITIVE_INFINITY : time);

function drawBar(sheet: Sheet, scale: Scale, link: Link): string[] {
  const ends = endsOf(link);
  if (ends === null) return [];
  const from = `${sheet.x(link.sender.name) + bodyHalf} ${scale.y(ends.sender)}`;
  const to = `${sheet.x(link.receiver.name) - bodyHalf} ${scale.y(ends.receiver)}`;
  const look = link.reuse === false ? "info dashed" : worst(brokenOrder(sheet.plan, link));
  return [`<path class="line ${look}" d="M${from}L${to}"/>`];
}

function drawEnd(sheet: Sheet, scale: Scale, { link, isSender, setting }: End, labels: Labels): string[] {
  const value = endTime(link, isSender) as Time;
  const other = endTime(link, !isSender);
  const isFirst = other === null || asNumber(value) < asNumber(other);
  const [x, y] = [edgeX(sheet, link, isSender), scale.y(value)];
  const look = link.reuse === false ? "info" : worst(isSender && link.boxes.length > 0 ? brokenBy(sheet.plan, setting) : brokenOrder(sheet.plan, link));
  const added = isSender || link.receiverBufferMs === 0 ? "" : ` and ${formatDuration(link.receiverBufferMs)} that it adds`;
  const title = `${setting.hop}: ${setting.knob.name} ${formatDuration(timeOf(setting) as Time)}${added} (${setting.from})`;
  const [labelX, anchor] = isSender ? ([x + 8, "start"] as const) : ([x - 8, "end"] as const);
  const drawn = [dot(x, y, isFirst, look, title), labels.text(shortTime(value), labelX, y - 8, anchor, "strong")];
  const wanted = targetTime(sheet, setting);
  if (wanted === null) return drawn;
  const to = scale.y(wanted);
  return [
    target(x, y, to, `${setting.hop}: ${setting.knob.name} is to be ${formatDuration(wanted)}`),
    ...drawn,
    labels.text(`set ${shortTime(wanted)}`, labelX, to + 4, anchor, "ok strong"),
  ];
}

/** The numbers of what is broken on a link, at the bar's middle. */
function drawBadges(sheet: Sheet, scale: Scale, link: Link, labels: Labels): string[] {
  const ends = endsOf(link);
  if (ends === null) return [];
  const broken = brokenOrder(sheet.plan, link);
  const x = (sheet.x(link.sender.name) + sheet.x(link.receiver.name)) / 2;
  const y = (scale.y(ends.sender) + scale.y(ends.receiver)) / 2;
  return broken.map((one, i) => labels.badge(numberOf(sheet.plan, one), x + (i - (broken.length - 1) / 2) * 20, y, one.severity));
}

/** Below the bar's middle: who gives up first, and by how much. */
function orderWords(sheet: Sheet, scale: Scale, link: Link, labels: Labels): string[] {
  const ends = endsOf(link);
  if (ends === null) return [];
  const x = (sheet.x(link.sender.name) + sheet.x(link.receiver.name)) / 2;
  const y = (scale.y(ends.sender) + scale.y(ends.receiver)) / 2;
  const look = link.reuse === false ? "faint" : worst(brokenOrder(sheet.plan, link));
  const lines = link.reuse === false ? ["not reused"] : firstWords(ends);
  return [labels.text(sheet.gap < 150 ? lines : lines.join(" "), x, y + 22, "middle", look)];
}

export function firstWords({ sender, receiver }: Ends): string[] {
  if (sender === "never" && receiver === "never") return ["neither ends it"];
  const apart = Math.abs(asNumber(sender) - asNumber(receiver));
  if (apart === 0) return ["both at once"];
  const by = Number.isFinite(apart) ? [`by ${shortTime(apart)}`] : [];
  return [asNumber(sender) < asNumber(receiver) ? "sender first" : "receiver first", ...by];
}

function drawBoxes(sheet: Sheet, scale: Scale, link: Link, labels: Labels): string[] {
  return link.boxes.flatMap((box) => {
    const x = sheet.x(box.name);
    const line = `<path class="line thin dotted box" d="M${x} ${scale.top - 12}V${scale.neverY + 8}"/>`;
    const marks = flowTimers(box).flatMap((setting) => {
      const value = timeOf(setting) as Time;
      const broken = brokenBy(sheet.plan, setting);
      const y = scale.y(value);
      const title = `${box.name}: ${setting.knob.name} ${formatDuration(value)}, then it forgets the flow`;
      const from = `${edgeX(sheet, link, true)} ${scale.y(timeOf(link.senderIdle) ?? value)}`;
      const race = broken.length === 0 ? [] : [`<path class="line dashed ${worst(broken)}" d="M${from}L${x} ${y}"/>`];
      labels.take(x - 6, y - 6, 12, 12);
      const badges = broken.map((one, i) => labels.badge(numberOf(sheet.plan, one), x + i * 20, y - 18, one.severity));
      const look = broken.length === 0 ? "box" : worst(broken);
      return [...race, diamond(x, y, look, title), labels.text(shortTime(value), x + 10, y + 4, "start", "box strong"), ...badges];
    });
    return [line, ...marks];
  });
}
