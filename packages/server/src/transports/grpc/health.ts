/**
 * `grpc.health.v1.Health`: what `/readyz` says, for those who ask by gRPC. Anybody may ask. It must never call a node that drains serving.
 */
import { lengthPrefixed } from "@holdfast/protocol";
import { decodeMessage, encodeMessage, type Schema } from "@holdfast/protocol/grpc";
import { readiness } from "../../readiness.ts";
import { CallFault, endOf, framingFault, type GrpcCall } from "./call.ts";
import type { GrpcParts } from "./parts.ts";

/** The messages of proto/grpc/health/v1/health.proto. */
const HealthCheckRequest = { service: { no: 1, kind: "string" } } as const satisfies Schema;
const HealthCheckResponse = { status: { no: 1, kind: "number" } } as const satisfies Schema;

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

const requestBytesMax = 1_024;
const lineService = "holdfast.v1.Line";
/** How often those who watch are looked after; one timer serves them all. */
const watchMs = 250;

const answer = (status: number): Uint8Array => lengthPrefixed(encodeMessage(HealthCheckResponse, { status }));

interface Watcher {
  readonly call: GrpcCall;
  told: number;
}

export class HealthService {
  readonly #parts: GrpcParts;
  readonly #watchers = new Set<Watcher>();
  #isWatching = false;

  constructor(parts: GrpcParts) {
    this.#parts = parts;
  }

  get #status(): number {
    return readiness(this.#parts) === "ok" ? serving : notServing;
  }

  async #asked(call: GrpcCall, timeoutMs: number | null): Promise<string> {
    const { hub, options } = this.#parts;
    call.within(Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, options.handshakeMs), () => {
      if (call.stream.headersSent) return;
      hub.counters.refuse("handshake_timeout");
      call.end(endOf("handshake_timeout"));
    });
    const request = decodeMessage(HealthCheckRequest, await call.only(requestBytesMax));
    if (request === null) throw new CallFault(framingFault("malformed"));
    return (request["service"] as string | undefined) ?? "";
  }

  async check(call: GrpcCall, timeoutMs: number | null): Promise<void> {
    const service = await this.#asked(call, timeoutMs);
    if (service !== "" && service !== lineService) throw new CallFault({ status: "NOT_FOUND", message: "no such service" });
    call.write(answer(this.#status));
    call.end({ status: "OK" });
  }

  async watch(call: GrpcCall, timeoutMs: number | null): Promise<void> {
    const service = await this.#asked(call, timeoutMs);
    if (timeoutMs !== null) call.within(timeoutMs, () => call.end({ status: "DEADLINE_EXCEEDED" }));
    const isKnown = service === "" || service === lineService;
    const watcher = { call, told: isKnown ? this.#status : serviceUnknown };
    call.write(answer(watcher.told));
    // Whoever watches has nothing to move: the next call finds another session.
    const link = { rotate: (): void => call.end(endOf("rotated")) };
    const { sessions } = this.#parts;
    sessions.add(call.session, link);
    call.stream.once("close", () => {
      sessions.remove(call.session, link);
      this.#watchers.delete(watcher);
    });
    if (!isKnown) return; // Nothing here ever gets another service.
    this.#watchers.add(watcher);
    this.#look();
  }

  #look(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#parts.env.clock.after(watchMs, () => {
      this.#isWatching = false;
      const status = this.#status;
      for (const watcher of this.#watchers) this.#tell(watcher, status);
      if (this.#watchers.size > 0) this.#look();
    });
  }

  #tell(watcher: Watcher, status: number): void {
    if (watcher.told !== status) watcher.call.write(answer(status));
    watcher.told = status;
    // A session that is to end waits for its calls.
    if (this.#parts.hub.draining) watcher.call.end(endOf("draining"));
  }
}
