/**
 * Times that were written in another tool's unit.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import type { Directive } from "../parser.ts";
import { type Rule, report } from "../rule.ts";
import { isBareNumber, nginxTimeMs } from "../units.ts";

const timer =
  /^((proxy|grpc|fastcgi|uwsgi|scgi)_(connect|read|send)_timeout|keepalive_time(out)?|client_(header|body)_timeout|send_timeout|proxy_timeout|proxy_connect_timeout|lingering_timeout|worker_shutdown_timeout)$/;
const suspiciousFrom = 10_000;

export const timeUnit: Rule = ({ site }) => {
  const walk = (items: readonly Directive[]): Finding[] =>
    items.flatMap(({ name, args, place, block }) => {
      if (block !== null) return walk(block);
      const [text] = args;
      const seconds = isBareNumber(text) ? Number(text) : 0;
      if (!timer.test(name) || seconds < suspiciousFrom || seconds % 1_000 !== 0) return [];
      const ms = nginxTimeMs(text);
      return ms === null
        ? []
        : [
            report("nginx_time_unit", {
              title: `\`${name} ${text}\` is ${formatDuration(ms)}: nginx counts bare numbers in seconds`,
              place,
              advice: [`${name} ${seconds / 1_000}s;`],
            }),
          ];
    });
  return walk(site.main.items);
};
