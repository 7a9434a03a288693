/**
 * One stream over a long path, by the window that it has: fixed at what the protocol begins with, adapted, and as undici has it. Every figure
 * is of one run, one after the other, over the same path; what is compared is their ratio. Its table stands in docs/pool-http2.md.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { type Connected, type Http2Options, Http2Origin, nodePoolEnv } from "@holdfast/pool/http2";
import { H2CClient } from "undici";
import { Child } from "../lib/child.ts";
import type { BenchCase, CaseResult, CaseSettings } from "../lib/result.ts";
import { figure, type Summary, summarize, withSpread } from "../lib/stats.ts";
import type { Http2OriginCalls } from "../processes/http2-origin.ts";

/** 64 KiB, as the protocol has it. */
const smallBytes = 65_535;
const megabyte = 1_000_000;

interface Scale {
  readonly roundTripMs: number;
  /** What a lane reads, as often as it is repeated: the slow ones less, so that none takes minutes. */
  readonly slowBytes: number;
  readonly fastBytes: number;
  readonly repetitions: number;
}
const full: Scale = { roundTripMs: 100, slowBytes: 4 * megabyte, fastBytes: 64 * megabyte, repetitions: 3 };
const small: Scale = { roundTripMs: 10, slowBytes: 200_000, fastBytes: megabyte, repetitions: 1 };

/** A client that has a connection, and reads so many bytes over one stream of it. */
interface Lane {
  read(bytes: number): Promise<void>;
  /** The window of a stream by now; null where nobody says. */
  windowBytes(): number | null;
  close(): Promise<unknown>;
}

async function connected(port: number): Promise<Connected> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const phases = { dnsMs: null, tcpMs: 0, tlsMs: null };
  return { socket, protocol: "h2", peer: `127.0.0.1:${port}`, address: "127.0.0.1", tls: null, phases };
}

function holdfast(port: number, options: Partial<Http2Options>): Lane {
  const origin = new Http2Origin(() => connected(port), options, nodePoolEnv);
  return {
    read: (bytes) =>
      new Promise((resolve, reject) => {
        let got = 0;
        origin.dispatch(
          { origin: `http://127.0.0.1:${port}`, path: `/${bytes}`, method: "GET" },
          {
            onResponseData: (_controller, chunk) => {
              got += chunk.length;
            },
            onResponseEnd: () => (got === bytes ? resolve() : reject(new Error(`expected ${bytes} bytes, got ${got}`))),
            onResponseError: (_controller, error) => reject(error),
          },
        );
      }),
    windowBytes: () => origin.stats().sessions[0]?.streamWindowBytes ?? null,
    close: () => origin.close(),
  };
}

function undici(port: number): Lane {
  const client = new H2CClient(`http://127.0.0.1:${port}`);
  return {
    read: async (bytes) => {
      const { body } = await client.request({ path: `/${bytes}`, method: "GET" });
      let got = 0;
      for await (const chunk of body) got += (chunk as Buffer).length;
      if (got !== bytes) throw new Error(`expected ${bytes} bytes, got ${got}`);
    },
    windowBytes: () => null,
    close: () => client.close(),
  };
}

interface Measured {
  readonly label: string;
  /** Megabytes per second, of a new connection and of one that has read as much before. */
  readonly first: Summary;
  readonly next: Summary;
  readonly windowBytes: number | null;
}

async function measure(label: string, make: () => Lane, bytes: number, repetitions: number): Promise<Measured> {
  const first: number[] = [];
  const next: number[] = [];
  let windowBytes: number | null = null;
  for (let i = 0; i < repetitions; i++) {
    const lane = make();
    // The connection is there before the clock starts: its making is not what is compared.
    await lane.read(1);
    for (const rates of [first, next]) {
      const startMs = performance.now();
      await lane.read(bytes);
      rates.push(bytes / (performance.now() - startMs) / 1_000);
    }
    windowBytes = lane.windowBytes();
    await lane.close();
  }
  return { label, first: summarize(first), next: summarize(next), windowBytes };
}

function resultOf(measured: readonly Measured[], { roundTripMs, slowBytes, fastBytes }: Scale): CaseResult {
  const of = (label: string): Measured => measured.find((each) => each.label === label) as Measured;
  const fixed = of(labels.fixed).next.median;
  const times = of(labels.adapted).next.median / fixed;
  return {
    name: "http2-windows",
    tables: [
      {
        columns: [`one stream, ${roundTripMs} ms round trip`, "MB/s, new session", "MB/s, the next answer", "of 64 KiB", "window at the end"],
        rows: measured.map(({ label, first, next, windowBytes }) => [
          ...[label, withSpread(first), withSpread(next), `${figure(next.median / fixed)} x`],
          windowBytes === null ? "-" : windowBytes.toLocaleString("en-US"),
        ]),
      },
    ],
    charts: [],
    aims: [{ what: "adapted windows against 64 KiB, one stream", aim: ">= 10 x", measured: `${figure(times)} x`, met: times >= 10 }],
    notes: [
      `Answers of ${slowBytes / megabyte} MB with 64 KiB, of ${(slowBytes * 2) / megabyte} MB by undici, of ${fastBytes / megabyte} MB otherwise; path and server in one process, the client in another.`,
    ],
    figures: Object.fromEntries(
      measured.flatMap(({ label, first, next }) => [[`${label}, MB/s new`, first.median] as const, [`${label}, MB/s next`, next.median] as const]),
    ),
  };
}

const labels = { fixed: "64 KiB, fixed", adapted: "adapted, 64 KiB to 16 MiB", largest: "16 MiB from the start", undici: "undici (H2CClient)" } as const;

export const http2Windows: BenchCase = {
  name: "http2-windows",
  title: "HTTP/2: one stream over a long path, by its window",
  page: "pool-http2.md",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const far = new Child<Http2OriginCalls>(join(import.meta.dirname, "..", "processes", "http2-origin.ts"));
    try {
      const port = await far.call("open", { roundTripMs: scale.roundTripMs });
      const lanes: readonly (readonly [string, () => Lane, number])[] = [
        [labels.fixed, () => holdfast(port, { windowBytesMax: smallBytes }), scale.slowBytes],
        [labels.adapted, () => holdfast(port, {}), scale.fastBytes],
        [labels.largest, () => holdfast(port, { windowBytesMin: 2 ** 24 }), scale.fastBytes],
        [labels.undici, () => undici(port), scale.slowBytes * 2],
      ];
      const measured: Measured[] = [];
      for (const [label, make, bytes] of lanes) {
        progress(label);
        measured.push(await measure(label, make, bytes, scale.repetitions));
      }
      return resultOf(measured, scale);
    } finally {
      await far.stop();
    }
  },
};
