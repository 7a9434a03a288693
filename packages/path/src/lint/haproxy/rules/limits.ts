/**
 * Limits that contradict one another: descriptors below connections, a proxy's share above the whole.
 */
import type { Finding } from "../../../finding.ts";
import { globalOf, lastOf, type ProxySection } from "../config.ts";
import { type HaproxyCase, type HaproxyRule, haproxyFinding, nameOf } from "../rule.ts";

const count = (word: string | undefined): number | null => (/^\d{1,12}$/.test(word ?? "") ? Number(word) : null);

export const limits: HaproxyRule = (given) => [...descriptors(given), ...given.config.proxies.flatMap((proxy) => share(proxy, given))];

function descriptors({ config }: HaproxyCase): Finding[] {
  const [files, maxconn] = [globalOf(config, "ulimit-n"), globalOf(config, "maxconn")];
  const [has, connections] = [count(files?.words[1]), count(maxconn?.words[1])];
  if (files === null || maxconn === null || has === null || connections === null || has > connections * 2) return [];
  return [
    haproxyFinding("haproxy_limit_contradiction", {
      title: `\`ulimit-n ${has}\` is too little for \`maxconn ${connections}\`: each connection takes two descriptors`,
      hop: "haproxy",
      place: files.place,
      related: [maxconn.place],
      advice: ["Remove: ulimit-n", `ulimit-n ${Math.ceil((connections * 2 * 1.1 + 100) / 100) * 100}`],
    }),
  ];
}

function share(proxy: ProxySection, { config }: HaproxyCase): Finding[] {
  const [own, whole] = [lastOf(proxy, "maxconn"), globalOf(config, "maxconn")];
  const [has, most] = [count(own?.line.words[1]), count(whole?.words[1])];
  if (!proxy.hasFrontend || own === null || own.section !== proxy.section || whole === null || has === null || most === null || has <= most) return [];
  return [
    haproxyFinding("haproxy_limit_contradiction", {
      title: `${nameOf(proxy.section)} takes ${has} connections, the whole process ${most}`,
      hop: "haproxy",
      place: own.line.place,
      related: [whole.place],
      advice: [`In \`global\`: maxconn ${has}`],
    }),
  ];
}
