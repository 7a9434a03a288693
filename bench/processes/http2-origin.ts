/**
 * An HTTP/2 server at the far end of a long path: large answers, with the lab's latency before it. In a process of its own, so that neither
 * its work nor the path's is taken for the client's.
 */
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type LabProxy, latency, openProxy } from "@holdfast/lab";
import { answerCalls } from "../lib/child.ts";

/** More than any window that is measured, so that the lab is never what bounds. */
const bufferBytesMax = 64_000_000;

let server: Http2Server | null = null;
let lab: LabProxy | null = null;

const calls = {
  /** Answers `GET /BYTES` with so many; returns the port at the near end. */
  open: async ({ roundTripMs }: { readonly roundTripMs: number }): Promise<number> => {
    const opened = createServer({ maxSessionMemory: 200 });
    server = opened;
    opened.on("stream", (stream: ServerHttp2Stream, headers) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(Number(String(headers[":path"]).slice(1))));
    });
    await new Promise<void>((resolve) => opened.listen(0, "127.0.0.1", resolve));
    lab = await openProxy({ target: { host: "127.0.0.1", port: (opened.address() as AddressInfo).port }, bufferBytesMax });
    lab.add(latency({ delayMs: roundTripMs / 2 }));
    return lab.port;
  },
};

export type Http2OriginCalls = typeof calls;

answerCalls(calls, async () => {
  server?.close();
  await lab?.close();
});
