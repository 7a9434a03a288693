/**
 * Guard where a path is declared: who stands in front, and for how long that keeps idle connections, is read there instead of asked for.
 * The ladder judges; an option that contradicts it is refused with the inequality that it breaks. Pure.
 */
import { optionsAt, PathError, type PathOptions, type Setting, type Value } from "@holdfast/path";
import type { GuardOptions } from "./options.ts";

/** What a server on a guard has beside guard's options. */
export interface StreamOptions {
  /** Period of the heartbeat of its streams, in ms. */
  readonly heartbeatMs?: number;
}

export interface FromPath {
  readonly options: Partial<GuardOptions> & StreamOptions;
  /** What the path breaks where this process can not mend it. */
  readonly remarks: readonly string[];
}

/** Needs of a path that say how a deploy goes. Without any of them a drain is as the options say. */
const drainNeeds = ["inFlightMs", "unreadyMs", "spreadMs", "terminationGraceMs"] as const;

/** The options with what follows from the path filled in, for a server of streams its heartbeat too. Throws a TypeError for what contradicts it. */
export function withPath({ path, hop, ...given }: Partial<GuardOptions> & StreamOptions & PathOptions, as: "guard" | "server" = "guard"): FromPath {
  if (path === undefined) {
    if (hop !== undefined) throw new TypeError("Expected `path` with `hop`, got `hop` alone");
    return { options: given, remarks: [] };
  }
  const { options, link, remarks, plan } = judged(() => optionsAt({ path, hop, as, given }));
  const idle = link?.reuse === true ? lastsMs(link.senderIdle) : undefined;
  if (given.proxyIdleMs !== undefined && typeof idle === "number" && given.proxyIdleMs !== idle) {
    throw new TypeError(`Expected no \`proxyIdleMs\` beside \`path\`, which says ${idle} of ${link?.sender.name}, got ${given.proxyIdleMs}`);
  }
  const role = link?.sender.product.kind === "browser" ? "browser" : "proxy";
  const { unreadyMs, drainMs } = plan.drain;
  const isDeclared = drainNeeds.some((need) => path.needs?.[need] !== undefined);
  return {
    options: {
      role,
      ...(typeof idle === "number" ? { proxyIdleMs: idle } : {}),
      ...(isDeclared ? { unreadyMs, drainMs } : {}),
      ...(options as Partial<GuardOptions>),
      ...given,
    },
    remarks,
  };
}

/** Until the last of the sender's idle connections is gone: HAProxy closes half of them at each turn of its timer. */
const lastsMs = (setting: Setting | null): Value | undefined =>
  typeof setting?.value === "number" ? setting.value * (setting.knob.lastsTimes ?? 1) : setting?.value;

/** Options are refused with a TypeError here, whoever refuses them. */
function judged<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof PathError) throw new TypeError(thrown.message, { cause: thrown });
    throw thrown;
  }
}
