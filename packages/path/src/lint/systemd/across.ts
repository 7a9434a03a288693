/**
 * Units against what the programs that they start say of themselves: nginx's connections against descriptors, guard's drain against the time to stop.
 */
import { formatDuration } from "../../duration.ts";
import type { Finding } from "../../finding.ts";
import type { Value } from "../../knob.ts";
import type { Route, SourceFile, ToolId, ToolReading } from "../tool.ts";
import { limitOf, type Service, servicesOf, settingOf, systemdTime } from "./parse.ts";
import { systemdFinding } from "./rule.ts";

/** A tool with what it has read. */
interface Read {
  readonly tool: { readonly id: ToolId };
  readonly files: readonly SourceFile[];
  readonly reading: ToolReading;
}

export function unitFindings(read: readonly Read[]): Finding[] {
  const of = (id: ToolId): Read | undefined => read.find(({ tool }) => tool.id === id);
  const { services } = servicesOf(of("systemd")?.files ?? []);
  const [nginx, node] = [of("nginx"), of("node")];
  return services.flatMap((service) => {
    if (service.program === "nginx" && nginx !== undefined) return workers(service, nginx);
    return (service.program === "node" || service.program === "holdfast") && node !== undefined ? drain(service, node.reading.routes) : [];
  });
}

/** Whether a unit says how many descriptors nginx may have: then nobody has to guess the usual limit. */
export const limitsNginx = (read: readonly Read[]): boolean =>
  read.some(
    ({ tool, files }) =>
      tool.id === "systemd" &&
      servicesOf(files).services.some((service) => service.program === "nginx" && (service.isWhole || limitOf(service, "LimitNOFILE") !== null)),
  );

const number = (value: Value | undefined): number => (typeof value === "number" ? value : 0);

function workers(service: Service, { files, reading }: Read): Finding[] {
  const limit = limitOf(service, "LimitNOFILE");
  const route = reading.routes.find(({ hop }) => hop.values["worker_connections"] !== undefined);
  const wanted = number(route?.hop.values["worker_connections"]);
  // nginx raises the limit itself where it is told to.
  if (route === undefined || files.some(({ text }) => /^\s*worker_rlimit_nofile\s/m.test(text))) return [];
  const has = limit?.soft ?? 1_024;
  if ((limit === null && !service.isWhole) || has > wanted) return [];
  const place = route.hop.places?.["worker_connections"];
  return [
    systemdFinding("systemd_descriptors_below_connections", {
      title: `${service.name} may have ${has} descriptors, each worker of nginx wants ${wanted} connections`,
      place: limit?.place ?? service.place,
      related: place === undefined ? [] : [place],
      advice: [`LimitNOFILE=${Math.ceil((wanted * 2.2) / 1_024) * 1_024}`, `nginx.conf: worker_rlimit_nofile ${Math.ceil((wanted * 2.2) / 1_024) * 1_024};`],
    }),
  ];
}

/** systemd's own time to stop, where a unit names none. */
const stopDefaultMs = 90_000;

function drain(service: Service, routes: readonly Route[]): Finding[] {
  const route = routes.find(({ hop }) => hop.values["drainMs"] !== undefined);
  const setting = settingOf(service, "TimeoutStopSec") ?? settingOf(service, "TimeoutSec");
  const stops = setting === null ? stopDefaultMs : systemdTime(setting.value);
  if (route === undefined || typeof stops !== "number" || stops === 0 || (setting === null && !service.isWhole)) return [];
  const takes = number(route.hop.values["drainMs"]) + number(route.hop.values["unreadyMs"]) + 1_000;
  if (stops >= takes) return [];
  const place = route.hop.places?.["drainMs"];
  return [
    systemdFinding("systemd_stop_below_drain", {
      title: `${service.name} is killed after ${formatDuration(stops)}, its drain takes up to ${formatDuration(takes)}`,
      place: setting?.place ?? service.place,
      related: place === undefined ? [] : [place],
      advice: [`TimeoutStopSec=${Math.ceil((takes + 5_000) / 1_000)}`],
    }),
  ];
}
