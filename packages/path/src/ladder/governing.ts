/**
 * Which hops a user's stream passes, and which of their timers govern it. Pure.
 */
import type { StreamKind } from "../knob.ts";
import { isBox } from "../links.ts";
import type { ResolvedHop, Setting } from "../plan.ts";
import type { Ladder } from "./check.ts";

const kindsDefault: readonly StreamKind[] = ["event-stream", "websocket"];

/** What a stream of the path is, defaults filled in. */
export const kindsOf = ({ streams }: Ladder): readonly StreamKind[] => streams.kinds ?? kindsDefault;

/** The hops that a user's stream passes: up to where the application hands over to databases or to clients of its own. */
export function streamHops(hops: readonly ResolvedHop[]): readonly ResolvedHop[] {
  const end = hops.findIndex(({ product }, index) => index > 0 && ["client", "pooler", "database", "cache"].includes(product.kind));
  const reached = end === -1 ? hops : hops.slice(0, end);
  const last = reached.findLastIndex((hop) => !isBox(hop));
  return reached.filter((hop, index) => !isBox(hop) || index < last);
}

/** The settings of some classes that govern streams of these kinds; what is replaced for all of them is left out. */
export function governing(ladder: Ladder, classes: readonly ("C" | "D" | "E")[]): Setting[] {
  const kinds = kindsOf(ladder);
  return streamHops(ladder.hops).flatMap(({ settings }) =>
    settings.filter(({ knob }) => {
      if (knob.unit !== "ms" || !classes.some((word) => knob.classes.includes(word))) return false;
      // The age of a pool's own connections ends them between two requests.
      if (knob.classes.includes("E") && knob.side === "server" && knob.streams === undefined && !knob.classes.includes("C")) return false;
      return kinds.some(
        (kind) =>
          (knob.streams?.includes(kind) ?? true) &&
          !settings.some(
            ({ knob: other, from, value }) =>
              from === "declared" && value !== "never" && other.replaces?.includes(knob.name) === true && (other.streams?.includes(kind) ?? true),
          ),
      );
    }),
  );
}
