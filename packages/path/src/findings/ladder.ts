/**
 * The findings of the ladder: an inequality that the timers of a path break. One code a row; the inequalities are in docs/ladder.md.
 */
import type { FindingDoc } from "../finding.ts";

const ladderPage = "docs/ladder.md";
const reuseSource = "RFC 9112, sections 9.3, 9.5 and 9.6";

export const ladderFindings = {
  keepalive_race: {
    title: "A receiver ends idle connections before the sender stops using them",
    severity: "error",
    symptom:
      "Now and then a 502 of which the application's log knows nothing, more of them the quieter it is. ALB: `elb_status_code=502 target_status_code=-`. nginx: `upstream prematurely closed connection while reading response header from upstream`. Envoy: `503 UC`. Google: `backend_connection_closed_before_data_sent_to_client`. Clients in Node: `ECONNRESET`, `socket hang up`.",
    why: "The receiver's FIN is under way for half a round trip. A request that the sender puts on the connection meanwhile meets a closed socket. It was never handled, but the sender can not know that, so a POST must not be repeated. Only the order of the two timers cures it: whoever sends the next request gives up first (rules A1 and A4).",
    fix: "Raise the receiver's keep-alive above the sender's pool timer and its margin, or lower the sender's below it. Raising costs descriptors and memory of the receiver, lowering a handshake after a pause. Where nobody can change either, switch reuse off on that link, or send only what may be repeated.",
    guards:
      "Not reported where no connection is kept (nginx before 1.29.7 without `keepalive`, `Connection: close`), nor for browsers, which repeat by themselves. A warning where the sender does give up first but with less than the margin, and where a figure is not verified. Senders that repeat idempotent requests are named: with them it is POSTs that fail.",
    sources: [reuseSource, ladderPage],
  },
  flow_forgets: {
    title: "A box below TCP forgets connections that a pool still uses",
    severity: "error",
    symptom:
      "The first request after a quiet time hangs until a timeout, or fails with `ECONNRESET`; the next one works. `ETIMEDOUT` after a quarter of an hour where nobody is told.",
    why: "NAT gateways, firewalls and balancers of layer 4 drop a flow from their table after a silence of minutes. Both ends believe that the connection is open (rule A2).",
    fix: "End idle connections before the box forgets them, or switch TCP keepalive on, so that a probe comes twice within that time and a dead peer is noticed in it.",
    guards: "Not reported where either end sends TCP probes in time and the box counts them, nor where no connection is kept.",
    sources: ["RFC 5382, REQ-5", ladderPage],
  },
  unannounced_end: {
    title: "A receiver ends connections by age or count without saying so",
    severity: "warning",
    symptom: "Failures at regular distances, whatever the load: every hundredth request, every hour.",
    why: "An end that the last answer announces (`Connection: close`, GOAWAY) loses nothing. One that is not announced is the keep-alive race again (rule A3).",
    fix: "Give the sender a lower limit of its own, or have the receiver announce the end.",
    guards: "Not reported for limits that are announced, nor where it is not known how the connection ends.",
    sources: [reuseSource, ladderPage],
  },
  idle_chain: {
    title: "One knob serves both sides of a hop, so raising it breaks the next link",
    severity: "warning",
    symptom: "The balancer's idle timeout was raised, and the 502s moved one hop inward.",
    why: "What a balancer keeps towards its clients is there also what it keeps towards its targets. Each hop behind it must be longer again (rule A5).",
    fix: "Raise the hop behind together with it. The same knob is its wait for an answer: bound the work of the application, because a target that hangs is answered with an error only after all of that time.",
    guards: "Only where the link in front demands that the knob be raised.",
    sources: ["docs.aws.amazon.com, Application Load Balancers, idle timeout", ladderPage],
    dependsOn: ["keepalive_race"],
  },
  deadline_order: {
    title: "A hop gives an answer up while the next one still works on it",
    severity: "warning",
    symptom: "504 or 524 from the outermost hop, without a trace of why; work goes on for a caller that has gone, and its connections to the database with it.",
    why: "While an answer is awaited the order is the reverse of the one for idle connections: the innermost gives up first and says why (rule B1).",
    fix: "Lower the inner wait, or raise the outer one; each hop outward gets a round trip and a second more.",
    guards:
      "Information only where both are defaults. The wait that counts is the one that is really there: a hop that would wait for long is fine when the next one inside gives up in time.",
    sources: [ladderPage],
  },
  heartbeat_too_slow: {
    title: "A heartbeat does not survive a lost beat",
    severity: "error",
    symptom:
      "WebSockets end with 1006 now and then, event streams with `ERR_INCOMPLETE_CHUNKED_ENCODING`, after exactly the idle time of a hop; more often on mobile networks.",
    why: "A beat every 30 s at a hop of 60 s reaches it in time only if none is late. With one of them lost, a tenth of jitter and a round trip, 60 s bear 25 s (rule C1).",
    fix: "Beat more often, or raise the hop's timer for that route.",
    guards: "Timers that these bytes do not reset are another finding (`heartbeat_not_counted`).",
    sources: [ladderPage],
  },
  heartbeat_not_counted: {
    title: "A hop does not count the bytes that the heartbeat is made of",
    severity: "error",
    symptom: "Streams end after the same time, heartbeat or not.",
    why: "A hop that speaks HTTP counts payload, and many of them only that of the stream or of one direction: neither TCP probes nor HTTP/2 PINGs (rule C2).",
    fix: "Make it payload of the stream that moves both ways: a WebSocket ping and its pong, a comment in an event stream, a message on a gRPC stream.",
    guards: "Boxes below TCP count every packet, acknowledgements included.",
    sources: ["docs.aws.amazon.com, Application Load Balancers, idle timeout: PING frames", ladderPage],
  },
  detection_too_late: {
    title: "A dead connection is noticed late or by nobody",
    severity: "warning",
    symptom: "A page that stands still, with a status that says connected; servers that hold connections of users who left long ago.",
    why: "TCP reports a dead peer after a quarter of an hour, and an idle connection's never. Each end needs a deadline of its own for the next byte (rule C3).",
    fix: "Two periods of the heartbeat with their jitter, a round trip and five seconds.",
    guards: "Only where the path declares its deadline.",
    sources: [ladderPage],
  },
  detection_too_early: {
    title: "A healthy connection is called dead",
    severity: "error",
    symptom: "Reconnects without a reason, many at a time on slow networks.",
    why: "The deadline for the next byte is shorter than the silence that one lost beat makes (rule C3).",
    fix: "Two periods of the heartbeat with their jitter, a round trip and five seconds.",
    guards: "Only where the path declares its deadline.",
    sources: [ladderPage],
  },
  ping_refused: {
    title: "A gRPC server ends connections whose client pings too often",
    severity: "error",
    symptom: '`GOAWAY ENHANCE_YOUR_CALM`, "too_many_pings", calls that fail with UNAVAILABLE.',
    why: "A server lets a client ping once in five minutes unless it was told otherwise, without calls even less, and ends the connection at the third that comes too soon (rule C4).",
    fix: "Set the server's policy below the client's period (a tenth less), or ping less often. Behind hops that do not count PINGs send a message on the stream instead.",
    guards: "Only where both the client's period and the server's permission are known.",
    sources: ["gRPC proposals A8 and A9", ladderPage],
  },
  lifetime_unplanned: {
    title: "A hop ends every stream at an age",
    severity: "info",
    symptom: "Streams end after hours, whatever moves in them; all that began together end together.",
    why: "Some hops limit the life of a connection, not its silence. No heartbeat helps (rule E1).",
    fix: "Let clients connect anew by plan, at 81 to 90 % of that age and not all at once: the new connection first, then the end of the old one, resuming where it was.",
    guards: "Not reported for limits that are announced in an answer, which end no stream. A warning where planned reconnects come too late.",
    sources: [ladderPage],
  },
  pool_outlives: {
    title: "A pool keeps database connections for longer than their other end does",
    severity: "error",
    symptom:
      "`terminating connection due to idle-session timeout` (57P05), `Connection terminated unexpectedly`, `ECONNRESET` at the first query after a pause.",
    why: "It is the rule for kept connections: whoever sends the next query gives up first, by idle time and by age (rule P1).",
    fix: "Lower the pool's idle time or age, or raise the limit of the database or pooler; with a pooler in front of it a database needs no idle limit at all.",
    guards: "Not reported where the other end has no limit.",
    sources: [ladderPage],
  },
  pool_too_large: {
    title: "The pools may open more connections than their other end takes",
    severity: "error",
    symptom: "`FATAL: sorry, too many clients already` (53300), `no more connections allowed (max_client_conn)`, in a deploy above all.",
    why: "Replicas, those that a deploy adds, processes and the size of one pool multiply (rule P2).",
    fix: "Smaller pools, a pooler in between, or a higher limit. `holdfast pool plan` does the sum for one database in detail.",
    guards: "Not reported where either number is unknown or unlimited.",
    sources: [ladderPage],
  },
  limit_too_low: {
    title: "A limit of a process is below the users that it is to hold",
    severity: "error",
    symptom: "`EMFILE`, `worker_connections are not enough`, `cannot assign requested address` (99).",
    why: "Each user is a descriptor, at a proxy two; nginx counts both sides in `worker_connections`; a proxy needs a port for each connection to one address (rule L1).",
    fix: "Raise the limit, at all places that have one: the unit's, the process's own, the kernel's.",
    guards: "Only where the path says how many users are connected at the same time.",
    sources: [ladderPage],
  },
  grace_too_short: {
    title: "A process is killed before it has left",
    severity: "error",
    symptom: "Requests fail in every deploy; streams reconnect all at once.",
    why: "Until no hop sends anything new, until what is under way is answered, until streams have moved: the times add up (rule S1).",
    fix: "Give the supervisor that much patience (`terminationGracePeriodSeconds`, `TimeoutStopSec`).",
    guards: "Only where the path declares the grace.",
    sources: [ladderPage],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;
