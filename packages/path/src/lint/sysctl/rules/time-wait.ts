/**
 * Settings that are copied against TIME_WAIT: one is gone, one is about another state, one concerns outgoing connections alone.
 */
import { numberOf } from "../parse.ts";
import { type SysctlRule, sysctlFinding } from "../rule.ts";

export const timeWait: SysctlRule = (config) => {
  const [recycle, reuse, fin, stamps] = ["tw_recycle", "tw_reuse", "fin_timeout", "timestamps"].map((name) => numberOf(config, `net.ipv4.tcp_${name}`));
  return [
    ...(recycle
      ? [
          sysctlFinding("sysctl_tw_recycle", {
            title: "`tcp_tw_recycle` is gone since Linux 4.12: the line is refused",
            ...(recycle.value === 0 ? { severity: "info" as const } : {}),
            place: recycle.place,
            advice: ["Remove: net.ipv4.tcp_tw_recycle"],
          }),
        ]
      : []),
    ...(reuse?.value === 1
      ? [
          sysctlFinding("sysctl_tw_reuse", {
            title:
              stamps?.value === 0
                ? "`tcp_tw_reuse = 1` does nothing: it needs timestamps, which are off"
                : "`tcp_tw_reuse = 1` helps outgoing connections alone",
            severity: stamps?.value === 0 ? "warning" : "info",
            place: reuse.place,
            related: stamps?.value === 0 ? [stamps.place] : [],
            advice: stamps?.value === 0 ? ["net.ipv4.tcp_timestamps = 1"] : ["Keep connections for further requests: what is not closed does not wait"],
          }),
        ]
      : []),
    ...(fin && fin.value < 60
      ? [
          sysctlFinding("sysctl_fin_timeout", {
            title: `\`tcp_fin_timeout = ${fin.value}\` is for FIN-WAIT-2; nothing shortens TIME_WAIT`,
            place: fin.place,
            advice: ["Remove: net.ipv4.tcp_fin_timeout"],
          }),
        ]
      : []),
  ];
};
