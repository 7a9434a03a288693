/**
 * Reads the agent's event streams, each asked for in another way, and the moment of each event; compressed ones are inflated as they come.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { StreamRow, StreamWay } from "../facts.ts";
import { EventLines } from "../probes/event-lines.ts";
import { within } from "../probes/pause.ts";
import { judgeStream, latencies, type SeenEvent } from "../probes/stream-signature.ts";
import type { OriginContext } from "./origin-context.ts";

interface Asked {
  readonly way: StreamWay;
  readonly query: string;
  readonly accepts: string;
  readonly everyMs: number;
  readonly count: number;
}

const every100 = { everyMs: 100, count: 24 };
const compressed = "gzip, deflate, br";

/** All at once, each on a connection of its own, for two and a half seconds. */
const ways: readonly Asked[] = [
  { way: "browser", query: "", accepts: compressed, ...every100 },
  { way: "identity", query: "", accepts: "identity", ...every100 },
  { way: "no-transform", query: "&transform=no", accepts: compressed, ...every100 },
  { way: "accel", query: "&accel=no", accepts: "identity", ...every100 },
  // 80 kB in all: more than any proxy's first buffers.
  { way: "padded", query: "&bytes=1000", accepts: "identity", everyMs: 30, count: 80 },
  { way: "ndjson", query: "&type=application/x-ndjson", accepts: "identity", ...every100 },
];

interface SeenStream {
  readonly asked: Asked;
  readonly encoding: string | null;
  readonly events: readonly SeenEvent[];
}

/** Rejects when none of the streams came. */
export async function seeStreams(context: OriginContext): Promise<readonly StreamRow[]> {
  const settled = await Promise.allSettled(ways.map((asked) => seeStream(context, asked)));
  const seen = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const [first] = settled;
  if (seen.length === 0 && first?.status === "rejected") throw first.reason;
  const fastestMs = Math.min(...seen.flatMap(({ events }) => events.map(({ sentMs, readMs }) => readMs - sentMs)));
  return seen.map(({ asked: { way, everyMs }, encoding, events }) => ({
    way,
    encoding,
    everyMs,
    latenciesMs: latencies(events, fastestMs),
    ...judgeStream(events, everyMs),
  }));
}

async function seeStream(context: OriginContext, asked: Asked): Promise<SeenStream> {
  const { dialler, clock, waitMs } = context;
  const line = await dialler.dial({ alpn: ["http/1.1"] });
  try {
    const response = await within(clock, answered(context, line.socket, asked), waitMs + asked.everyMs * asked.count, null);
    if (response === null) throw new Error("the event stream was not answered in time");
    if (response.statusCode !== 200) throw new Error(`the event stream was answered with status ${response.statusCode}`);
    const encoding = response.headers["content-encoding"]?.toLowerCase() ?? null;
    const events: SeenEvent[] = [];
    const reader = new EventLines(asked.count, (sentMs, bytes) => events.push({ sentMs, readMs: clock.monoMs(), bytes }));
    await within(clock, consumed(decoded(response, encoding), reader), waitMs + asked.everyMs * asked.count, undefined);
    return { asked, encoding, events };
  } finally {
    line.close();
  }
}

function answered({ request, prefix }: OriginContext, socket: Duplex, { query, accepts, everyMs, count }: Asked): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const own = request.headers.filter(([name]) => name !== "accept");
    const headers = { ...Object.fromEntries(own), host: request.host, accept: "text/event-stream", "accept-encoding": accepts };
    const path = `${prefix}/events?everyMs=${everyMs}&count=${count}${query}`;
    const sent = httpRequest({ createConnection: () => socket, method: "GET", path, headers });
    sent.once("response", resolve).on("error", reject).end();
  });
}

function decoded(response: IncomingMessage, encoding: string | null): Readable {
  const inflate = encoding === "gzip" ? createGunzip() : encoding === "br" ? createBrotliDecompress() : encoding === "deflate" ? createInflate() : null;
  if (inflate === null) return response;
  response.on("error", (fault) => inflate.destroy(fault));
  return response.pipe(inflate);
}

/** Resolves when the stream is over, in whatever way, or enough of it came: what came by then counts. */
function consumed(stream: Readable, reader: EventLines): Promise<void> {
  return new Promise((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      if (!reader.take(chunk)) stream.destroy();
    });
    stream
      .once("end", resolve)
      .once("error", () => resolve())
      .once("close", resolve);
  });
}
