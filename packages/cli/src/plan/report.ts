/**
 * A plan as JSON: links name their hops instead of holding them, and no number is infinite. Pure.
 */
import { type Plan, type Setting, violationFinding } from "@holdfast/path";

const setting = ({ hop, knob, value, from, place }: Setting) => ({
  hop,
  knob: knob.name,
  unit: knob.unit,
  value,
  from,
  grade: knob.grade,
  source: knob.source,
  place,
});
const maybe = (one: Setting | null) => (one === null ? null : setting(one));

export function planReport(plan: Plan): object {
  const { hops, links, violations, derived, streams, pools, drain, impossible } = plan;
  return {
    hops: hops.map(({ name, product, version, replicas, processes }) => ({ name, product: product.id, version, replicas, processes })),
    links: links.map((link) => ({
      sender: link.sender.name,
      receiver: link.receiver.name,
      boxes: link.boxes.map(({ name }) => name),
      rttMs: link.rttMs,
      reuse: link.reuse,
      senderIdle: maybe(link.senderIdle),
      receiverIdle: maybe(link.receiverIdle),
      receiverBufferMs: link.receiverBufferMs,
      flowIdle: maybe(link.flowIdle),
    })),
    violations: violations.map((violation) => ({
      ...violation,
      missing: Number.isFinite(violation.missing) ? violation.missing : null,
      operands: violation.operands.map(setting),
      finding: violationFinding(violation),
    })),
    derived,
    streams: { ...streams, limitedBy: maybe(streams.limitedBy), lifetimeLimitedBy: maybe(streams.lifetimeLimitedBy) },
    pools,
    drain,
    impossible,
  };
}
