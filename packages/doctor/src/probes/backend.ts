/**
 * Judges how requests reached the application, by what its agent said of each. Pure.
 */
import type { BackendFact } from "../facts.ts";
import type { EndedSaid, HelloSaid } from "./agent-words.ts";

const asksToClose = ({ headers }: HelloSaid): boolean => /(?:^|[,\s])close(?:$|[,\s])/i.test(headers["connection"] ?? "");

/** `hellos` in the order of the requests; at least two. `ended`: of the connections before the last. */
export function judgeBackend(hellos: readonly HelloSaid[], ended: readonly EndedSaid[]): BackendFact {
  const connections = hellos.map(({ connId }) => connId);
  const distinct = new Set(connections).size;
  const hows = ended.flatMap((each) => (each.known && each.how !== null ? [each.how] : []));
  const here = hows.filter((how) => how === "here").length;
  return {
    connections,
    reuse: distinct === 1 ? "kept" : distinct < connections.length ? "some" : "never",
    // An application ends it too when it was asked to: then the hop wanted it.
    endedBy: hows.length === 0 ? null : here * 2 > hows.length && !hellos.some(asksToClose) ? "application" : "hop",
    asksToClose: hellos.filter(asksToClose).length,
    httpVersions: [...new Set(hellos.map(({ httpVersion }) => httpVersion))],
    instances: new Set(hellos.map(({ instance }) => instance)).size,
    headers: hellos.at(-1)?.headers ?? {},
  };
}
