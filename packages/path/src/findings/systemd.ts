/**
 * What lint says of units of systemd.
 */
import type { FindingDoc } from "../finding.ts";

const exec = "systemd.exec(5), LimitNOFILE=";
const kill = "systemd.kill(5); systemd.service(5), TimeoutStopSec=";

export const systemdFindings = {
  systemd_descriptors_few: {
    title: "The service may open few descriptors",
    severity: "warning",
    symptom: "`EMFILE: too many open files`, `worker_connections are not enough`, connections that are accepted late or not at all.",
    why: "Each connection takes a descriptor, a proxied one two.",
    fix: "`LimitNOFILE=65536`, or twice the connections and a tenth more.",
    guards:
      "Below 4096, and only where it is written. Node, Go and HAProxy raise the soft limit to the hard one themselves: for them `1024:524288`, systemd's default, is no fault.",
    sources: [exec],
  },
  systemd_descriptors_endless: {
    title: "HAProxy makes tables for descriptors without number",
    severity: "warning",
    symptom: "HAProxy takes gigabytes at the start, or is killed for want of memory.",
    why: "infinity is what `fs.nr_open` says, up to a milliard on newer systems, and HAProxy makes a row for each.",
    fix: "A number, or `fd-hard-limit` in `global`.",
    guards: "HAProxy only.",
    sources: [exec, "HAProxy configuration manual, fd-hard-limit"],
  },
  systemd_tasks_few: {
    title: "The service may have few threads",
    severity: "warning",
    symptom: "`pthread_create: Resource temporarily unavailable`; a process that ends under load.",
    why: "Threads are tasks: Node alone starts a dozen.",
    fix: "Leave `TasksMax` out, or set thousands.",
    guards: "Below 128 only; percentages are not judged.",
    sources: ["systemd.resource-control(5), TasksMax="],
  },
  systemd_stop_short: {
    title: "What is under way is killed",
    severity: "warning",
    symptom: "502 and broken streams with each deploy; `State 'stop-sigterm' timed out. Killing.` in the journal.",
    why: "After `TimeoutStopSec` systemd kills. A drain needs the time in which clients are sent away.",
    fix: "Above `unreadyMs + drainMs` by a few seconds.",
    guards: "Below 10 s, for proxies and application servers only. Debian's unit of nginx has 5 s, which cuts streams too.",
    sources: [kill, "docs/drain.md"],
  },
  systemd_stop_endless: {
    title: "A service that hangs is never killed",
    severity: "info",
    symptom: "A deploy or a reboot that does not end.",
    why: "infinity and 0 switch the timer off. One open stream may keep the process for ever.",
    fix: "Set `TimeoutStopSec=` to a time above the drain, such as 60 s.",
    guards: "Proxies and application servers only.",
    sources: [kill],
  },
  systemd_stop_below_drain: {
    title: "The service is killed before its drain has ended",
    severity: "error",
    symptom: "Links that are reset in the middle of a drain; clients that come back all at once.",
    why: "The file of options says how long a drain takes, the unit how long systemd waits.",
    fix: "`TimeoutStopSec` above `unreadyMs + drainMs` and a second, or a shorter drain.",
    guards: "Only where both files are given, and `drainMs` is written.",
    sources: [kill, "docs/drain.md"],
  },
  systemd_descriptors_below_connections: {
    title: "nginx may have fewer descriptors than connections",
    severity: "warning",
    symptom: "`4096 worker_connections exceed open file resource limit: 1024` at the start, then `24: Too many open files`.",
    why: "`worker_connections` promises what the limit of the unit does not give.",
    fix: "`LimitNOFILE` or `worker_rlimit_nofile` of more than twice the connections.",
    guards: "Only where both files are given. Not reported where nginx raises the limit itself (`worker_rlimit_nofile`), nor for a drop-in without its unit.",
    sources: [exec, "nginx.org, ngx_core_module, worker_rlimit_nofile"],
    dependsOn: ["nginx_nofile_low"],
  },
  systemd_kill_signal: {
    title: "The signal to stop is no graceful one",
    severity: "warning",
    symptom: "Requests and streams are cut at each restart.",
    why: "SIGKILL can not be handled. nginx takes SIGTERM for a fast end, and SIGQUIT for a graceful one.",
    fix: "`KillSignal=SIGQUIT` for nginx, SIGTERM for the rest.",
    guards: "For nginx only where no `ExecStop` does it, and not for a drop-in without its unit.",
    sources: [kill, "nginx.org, Controlling nginx"],
  },
  systemd_kill_mode: {
    title: "The signal to stop does not come where it must",
    severity: "warning",
    symptom: "The service is killed after the whole `TimeoutStopSec`, or processes stay behind.",
    why: "`mixed` and `process` send the signal to the first process alone; a wrapper (npm, a shell) may not pass it on. `none` sends it to nobody.",
    fix: "Start the program itself, and leave `KillMode` out.",
    guards: "`mixed` and `process` only for wrappers that do not `exec`.",
    sources: [kill],
  },
  systemd_no_restart: {
    title: "A crash is the end of the service",
    severity: "warning",
    symptom: "The service stands still until somebody starts it.",
    why: "`Restart=no` is the default.",
    fix: "`Restart=on-failure`.",
    guards:
      "Applications only: nginx and HAProxy watch over their workers themselves, and their packages leave it out. Not for `Type=oneshot`, nor for a drop-in without its unit.",
    sources: ["systemd.service(5), Restart="],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;
