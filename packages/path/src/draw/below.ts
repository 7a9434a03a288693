/**
 * The words of the picture: beneath it what is broken and which timers stand on each link, and the description that is read instead of it.
 */
import { formatDuration } from "../duration.ts";
import type { Fix, Link, Plan, Setting } from "../plan.ts";
import { measuredWords } from "./frame.ts";
import { endsOf, firstWords } from "./kept.ts";
import type { MeasuredIdle, Sheet } from "./sheet.ts";
import { timeOf, timeRange, wrap, xml } from "./words.ts";

const lineHeight = 17;
const left = 24;

type Line = {
  readonly words: string;
  readonly look?: string;
  readonly indent?: number;
  readonly gap?: number;
  readonly badge?: { readonly number: number; readonly severity: string };
};

/** What stands beneath the panels, and how high it is. */
export function below(sheet: Sheet, top: number): { readonly parts: string[]; readonly height: number } {
  const parts: string[] = [];
  let y = top;
  for (const { words, look = "", indent = 0, gap = 0, badge } of linesOf(sheet.plan, sheet.measured)) {
    y += y === top ? 0 : gap;
    if (badge !== undefined) {
      parts.push(
        `<g class="badge ${badge.severity}"><circle cx="${left + 9}" cy="${y - 4}" r="8.5"/><text x="${left + 9}" y="${y}" text-anchor="middle">${badge.number}</text></g>`,
      );
    }
    for (const line of wrap(words, (sheet.width - left * 2 - indent) * (look === "strong" ? 0.92 : 1))) {
      parts.push(`<text class="${look}" x="${left + indent}" y="${y}">${xml(line)}</text>`);
      y += lineHeight;
    }
  }
  return { parts, height: y - top };
}

function linesOf(plan: Plan, measured: readonly MeasuredIdle[]): Line[] {
  const broken = plan.violations.flatMap((violation, i): Line[] => [
    { words: `${violation.rule}  ${violation.where}: ${violation.title}`, look: "strong", indent: 26, badge: { number: i + 1, severity: violation.severity } },
    {
      words: `${violation.inequality}${violation.fixes.length === 0 ? "" : `. Either ${violation.fixes.map(fixWords).join(", or ")}`}`,
      look: "faint",
      indent: 26,
    },
  ]);
  return [
    { words: broken.length === 0 ? "No rule is broken" : "What is broken", look: "head", gap: 12 },
    ...broken,
    { words: "Links", look: "head", gap: 12 },
    ...plan.links.map((link): Line => ({ words: linkWords(link) })),
    { words: "Open streams", look: "head", gap: 12 },
    { words: streamWords(plan) },
    ...(measured.length === 0 ? [] : [{ words: "Measured", look: "head", gap: 12 }]),
    ...measured.map((one): Line => ({ words: `${measuredWords(one)}${one.hop === null ? "" : `, by ${one.hop}`}`, look: "measured" })),
  ];
}

function fixWords({ hop, knob, value, unit, cost }: Fix): string {
  const shown = unit === "ms" && (typeof value === "number" || value === "never") ? formatDuration(value) : String(value);
  return `set ${knob} of ${hop} to ${shown} (${cost})`;
}

const timerWords = (setting: Setting | null): string => {
  const time = timeOf(setting);
  return setting === null || time === null
    ? "no idle timer that is known"
    : `${setting.knob.name} ${setting.knob.lastsTimes === undefined ? "" : `${setting.knob.lastsTimes} x `}${formatDuration(time)}`;
};

function linkWords(link: Link): string {
  const { sender, receiver, senderIdle, receiverIdle, flowIdle, reuse, receiverBufferMs } = link;
  const buffer = receiverBufferMs === 0 ? "" : ` + ${formatDuration(receiverBufferMs)}`;
  const ends = endsOf(link);
  const order = ends === null ? "" : `: ${firstWords(ends).join(" ")}`;
  const flow = flowIdle === null ? "" : `; ${flowIdle.hop} forgets the flow after ${formatDuration(timeOf(flowIdle) ?? "never")}`;
  const kept = reuse === false ? "connections are not reused" : `${timerWords(senderIdle)} against ${timerWords(receiverIdle)}${buffer}${order}`;
  return `${sender.name} → ${receiver.name}: ${kept}${flow}`;
}

function streamWords({ streams }: Plan): string {
  const { silenceMs, limitedBy, heartbeatMs, heartbeatOf, deadAfterMs, reconnectMs, lifetimeLimitedBy } = streams;
  const silence =
    silenceMs === null
      ? "No hop ends a silent stream."
      : `Silence is cut after ${formatDuration(silenceMs)}${limitedBy === null ? "" : ` (${limitedBy.hop}, ${limitedBy.knob.name})`}.`;
  const moves = reconnectMs === null ? "" : ` Clients move at an age of ${timeRange(reconnectMs.from, reconnectMs.to)}`;
  const why = reconnectMs === null || lifetimeLimitedBy === null ? "" : ` (${lifetimeLimitedBy.hop}, ${lifetimeLimitedBy.knob.name})`;
  return `${silence} Heartbeat every ${formatDuration(heartbeatMs)}: ${heartbeatOf}. Either end knows within ${formatDuration(deadAfterMs)} that the other is dead.${moves}${why}${moves === "" ? "" : "."}`;
}

/** Everything that the picture says, for those who do not see it. */
export const described = (sheet: Sheet): string =>
  linesOf(sheet.plan, sheet.measured)
    .map(({ words }) => words.replace(/([^.:])$/, "$1."))
    .join(" ");
