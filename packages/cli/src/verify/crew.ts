/**
 * The clients of one transport's run, each on its own way: readers of all streams, publishers that share the streams among them, and the
 * quiet one, which has a stream to itself. It opens and closes them; what is done to them is the run's affair.
 */
import type { Client, ClientOptions } from "@holdfast/client";
import { openProxy } from "@holdfast/lab";
import type { Clock } from "@holdfast/protocol";
import type { Role } from "./kinds.ts";
import { Lane } from "./lane.ts";
import { Publishing } from "./publishing.ts";
import { Reading } from "./reading.ts";

const readers = 4;
const publishersMax = 2;
/** Publishes wait while a publisher's link is dark; at the highest rate that is more than the client's default allows. */
const outboxBytesMax = 16_777_216;

/** Clients that read everything, for whoever has to estimate. */
export const deliveriesPerEntry = readers;

/** One client and what it does. */
export interface Member {
  readonly lane: Lane;
  readonly reading: Reading | null;
  readonly publishing: Publishing | null;
}

export interface CrewParts {
  /** What the readers and publishers connect to. */
  readonly url: string;
  readonly publishUrl: string;
  /** `verify/RUN/TRANSPORT`. */
  readonly prefix: string;
  readonly streams: number;
  readonly payloadBytesMax: number;
  readonly seed: number;
  readonly clock: Clock;
  connect(url: string, options?: ClientOptions): Client;
  /** Told whatever ended at a server, with the code. */
  ended(server: string, what: string, code: string, said: string): void;
  /** The address by which a client reaches `server` through this port. */
  route(server: string, port: number): string;
}

export class Crew {
  readonly members: readonly Member[];
  readonly streams: readonly string[];
  readonly quietStream: string;
  /** Readings of clients that came and went. */
  readonly guests: Reading[] = [];

  private constructor(members: readonly Member[], streams: readonly string[], quietStream: string) {
    this.members = members;
    this.streams = streams;
    this.quietStream = quietStream;
  }

  static async open(parts: CrewParts): Promise<Crew> {
    const streams = Array.from({ length: parts.streams }, (_, i) => `${parts.prefix}/${i + 1}`);
    const quietStream = `${parts.prefix}/quiet`;
    const publishers = Math.min(publishersMax, streams.length);
    const members: Member[] = [];
    const add = async (name: string, role: Role, server: string, read: readonly string[], publish: readonly string[]): Promise<void> => {
      const { hostname, port, protocol } = new URL(server);
      const target = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (protocol === "https:" ? 443 : 80) };
      const proxy = await openProxy({ target, seed: (parts.seed + members.length) % Number.MAX_SAFE_INTEGER });
      const lane = new Lane(name, role, { proxy, url: parts.route(server, proxy.port) }, parts.clock, (what, code, said) =>
        parts.ended(server, what, code, said),
      );
      const given = (): void => lane.carried();
      const { payloadBytesMax } = parts;
      const reading = read.length === 0 ? null : new Reading({ reader: name, streams: read, isWhole: true, payloadBytesMax, given, failed: lane.readFailed });
      const publishing = publish.length === 0 ? null : new Publishing(publish, payloadBytesMax, given, lane.publishFailed);
      members.push({ lane, reading, publishing });
    };
    for (let i = 1; i <= readers; i++) await add(`reader ${i}`, "reader", parts.url, streams, []);
    for (let i = 0; i < publishers; i++) {
      const own = streams.filter((_, k) => k % publishers === i);
      await add(`publisher ${i + 1}`, "publisher", parts.publishUrl, [], own);
    }
    await add("quiet client", "quiet", parts.url, [quietStream], [quietStream]);
    const crew = new Crew(members, streams, quietStream);
    for (const member of members) crew.#begin(member, parts);
    return crew;
  }

  #begin({ lane, reading }: Member, parts: CrewParts): void {
    const client = parts.connect(lane.way.url, { outboxBytesMax });
    lane.adopt(client);
    reading?.begin(client);
  }

  /** What each client is reading, those that came and went included. */
  get readings(): readonly Reading[] {
    return [...this.members.flatMap(({ reading }) => (reading === null ? [] : [reading])), ...this.guests];
  }

  async close(): Promise<void> {
    for (const { lane, reading } of this.members) {
      reading?.expectClose();
      await lane.client.close({ drainMs: 0 });
      lane.leave();
    }
    await Promise.all(this.members.map(({ lane }) => lane.way.proxy.close()));
  }
}
