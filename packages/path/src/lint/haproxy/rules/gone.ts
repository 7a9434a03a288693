/**
 * Lines of old configurations that a newer HAProxy refuses: it does not start.
 */
import { compareVersions } from "../../../versions.ts";
import { type HaproxyRule, haproxyFinding } from "../rule.ts";

interface Gone {
  readonly words: readonly string[];
  readonly since: string;
  readonly instead: string;
}

const gone: readonly Gone[] = [
  { words: ["option", "forceclose"], since: "2.0", instead: "Remove: option forceclose" },
  { words: ["option", "http-tunnel"], since: "2.1", instead: "Remove: option http-tunnel" },
  { words: ["clitimeout"], since: "2.1", instead: "timeout client" },
  { words: ["srvtimeout"], since: "2.1", instead: "timeout server" },
  { words: ["contimeout"], since: "2.1", instead: "timeout connect" },
  { words: ["nbproc"], since: "2.5", instead: "Remove: nbproc; threads are used by themselves" },
];

export const goneLines: HaproxyRule = ({ config, version }) =>
  config.sections.flatMap(({ lines }) =>
    lines.flatMap(({ words, place }) => {
      const found = gone.find((each) => each.words.every((word, at) => words[at] === word) && compareVersions(version, each.since) >= 0);
      if (found === undefined) return [];
      return haproxyFinding("haproxy_gone", {
        title: `\`${found.words.join(" ")}\` is refused since HAProxy ${found.since}`,
        hop: "haproxy",
        place,
        advice: [found.instead],
      });
    }),
  );
