/**
 * How the service is stopped: with time for what is under way, by a signal that means a graceful end, sent to the process that understands it.
 */
import { formatDuration } from "../../../duration.ts";
import { type Program, type Service, settingOf, systemdTime } from "../parse.ts";
import { type SystemdRule, systemdFinding } from "../rule.ts";

/** What holds connections for others, or for an application. */
const serving = new Set<Program>(["nginx", "haproxy", "node", "holdfast", "go", "wrapper"]);
const leastMs = 10_000;

export const stopping: SystemdRule = (service) => [...timeout(service), ...signal(service), ...mode(service)];

function timeout(service: Service): ReturnType<SystemdRule> {
  const setting = settingOf(service, "TimeoutStopSec") ?? settingOf(service, "TimeoutSec");
  const time = setting === null ? null : systemdTime(setting.value);
  if (setting === null || time === null || !serving.has(service.program)) return [];
  // 0 switches the timer off, as infinity does.
  if (time === "never" || time === 0) {
    const title = `\`${setting.name}=${setting.value}\`: a service that does not end is never killed, and a reboot waits for it`;
    return [systemdFinding("systemd_stop_endless", { title, place: setting.place, advice: [`${setting.name}=90`] })];
  }
  if (time >= leastMs) return [];
  const title = `\`${setting.name}=${setting.value}\`: what is under way is killed after ${formatDuration(time)}`;
  return [systemdFinding("systemd_stop_short", { title, place: setting.place, advice: ["TimeoutStopSec=45"] })];
}

function signal(service: Service): ReturnType<SystemdRule> {
  const setting = settingOf(service, "KillSignal");
  if (setting !== null && /^(SIG)?(KILL|ABRT|9)$/.test(setting.value)) {
    const title = `\`KillSignal=${setting.value}\` ends the service without a word to anybody`;
    return [
      systemdFinding("systemd_kill_signal", {
        title,
        place: setting.place,
        advice: [service.program === "nginx" ? "KillSignal=SIGQUIT" : "KillSignal=SIGTERM"],
      }),
    ];
  }
  if (service.program !== "nginx" || !service.isWhole || settingOf(service, "ExecStop") !== null || (setting !== null && /QUIT|^3$/.test(setting.value)))
    return [];
  return [
    systemdFinding("systemd_kill_signal", {
      title: "nginx takes SIGTERM for a fast end: requests and streams that are under way are cut",
      place: setting?.place ?? service.place,
      advice: ["KillSignal=SIGQUIT", "nginx.conf: worker_shutdown_timeout 30s;"],
    }),
  ];
}

function mode(service: Service): ReturnType<SystemdRule> {
  const setting = settingOf(service, "KillMode");
  if (setting === null) return [];
  if (setting.value === "none") {
    const title = "`KillMode=none`: processes stay behind, with their ports and connections";
    return [systemdFinding("systemd_kill_mode", { title, place: setting.place, advice: ["KillMode=mixed"] })];
  }
  if (service.program !== "wrapper" || !["mixed", "process"].includes(setting.value)) return [];
  return [
    systemdFinding("systemd_kill_mode", {
      title: `\`KillMode=${setting.value}\` sends the signal to the wrapper alone (npm, sh), which may not pass it on`,
      place: setting.place,
      related: [settingOf(service, "ExecStart")?.place ?? service.place],
      advice: ["ExecStart=/usr/bin/node server.js, or whatever the wrapper starts", "Remove: KillMode"],
    }),
  ];
}
