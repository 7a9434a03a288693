/**
 * What the facts of a host mean. Each family of findings is a file of judgements/ and a row here. Pure: the same facts, the same findings.
 */
import type { Finding } from "@holdfast/path";
import type { HostFacts } from "./facts.ts";
import { accept } from "./judgements/accept.ts";
import { buffers } from "./judgements/buffers.ts";
import { closing } from "./judgements/closing.ts";
import { conntrack } from "./judgements/conntrack.ts";
import { descriptors } from "./judgements/descriptors.ts";
import { loss } from "./judgements/loss.ts";
import { ports } from "./judgements/ports.ts";
import { timers } from "./judgements/timers.ts";
import { type HostView, viewOf } from "./view.ts";

const judgements: readonly ((view: HostView) => Finding[])[] = [descriptors, accept, conntrack, ports, closing, loss, timers, buffers];

/** `connections`: how many the host is to hold; null: twice of what it holds now. */
export function judgeHost(facts: HostFacts, connections: number | null): Finding[] {
  const view = viewOf(facts, connections);
  return judgements.flatMap((judge) => judge(view));
}
