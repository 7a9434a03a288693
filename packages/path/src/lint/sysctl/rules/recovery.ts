/**
 * How long unacknowledged data is tried, and how a kept connection begins after a pause.
 */
import { numberOf } from "../parse.ts";
import { type SysctlRule, sysctlFinding } from "../rule.ts";

/** RFC 1122: at least 100 s. */
const retriesMin = 8;

export const recovery: SysctlRule = (config) => {
  const [retries, slow] = [numberOf(config, "net.ipv4.tcp_retries2"), numberOf(config, "net.ipv4.tcp_slow_start_after_idle")];
  return [
    ...(retries !== null && retries.value < retriesMin
      ? [
          sysctlFinding("sysctl_retries_few", {
            title: `\`tcp_retries2 = ${retries.value}\` ends connections in outages that they would have survived`,
            place: retries.place,
            advice: [`net.ipv4.tcp_retries2 = ${retriesMin}`],
          }),
        ]
      : []),
    ...(slow?.value === 1
      ? [
          sysctlFinding("sysctl_slow_start_after_idle", {
            title: "A kept connection begins slowly again after each pause: `tcp_slow_start_after_idle` is 1",
            place: slow.place,
            advice: ["net.ipv4.tcp_slow_start_after_idle = 0"],
          }),
        ]
      : []),
  ];
};
