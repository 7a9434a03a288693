/**
 * How many descriptors and threads the service may have.
 */
import { limitOf, settingOf } from "../parse.ts";
import { type SystemdRule, systemdFinding } from "../rule.ts";

const few = 4_096;
const tasksMin = 128;
/** They raise the soft limit to the hard one by themselves when they start. */
const raising = new Set(["node", "holdfast", "go", "haproxy", "wrapper"]);

export const descriptors: SystemdRule = (service) => {
  const limit = limitOf(service, "LimitNOFILE");
  const tasks = settingOf(service, "TasksMax");
  const counts = limit === null ? null : raising.has(service.program) ? limit.hard : limit.soft;
  return [
    ...(limit !== null && counts !== null && counts < few
      ? [
          systemdFinding("systemd_descriptors_few", {
            title: `\`LimitNOFILE=${limit.value}\` leaves ${service.name} ${counts} descriptors, one for each connection and two for a proxied one`,
            place: limit.place,
            advice: ["LimitNOFILE=65536"],
          }),
        ]
      : []),
    ...(limit !== null && service.program === "haproxy" && limit.hard === Number.POSITIVE_INFINITY
      ? [
          systemdFinding("systemd_descriptors_endless", {
            title: "`LimitNOFILE=infinity`: HAProxy makes its tables as large as the limit, which may be more than a milliard",
            place: limit.place,
            advice: ["LimitNOFILE=1048576", "haproxy.cfg, `global`: fd-hard-limit 1048576"],
          }),
        ]
      : []),
    ...(tasks !== null && /^\d{1,9}$/.test(tasks.value) && Number(tasks.value) < tasksMin
      ? [
          systemdFinding("systemd_tasks_few", {
            title: `\`TasksMax=${tasks.value}\`: threads count as tasks, and one that can not be made ends the process or the request`,
            place: tasks.place,
            advice: ["TasksMax=4096"],
          }),
        ]
      : []),
  ];
};
