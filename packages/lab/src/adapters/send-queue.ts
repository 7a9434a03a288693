/**
 * Tells when the kernel has nothing left to send on a socket. An RST throws away what is still unsent, so a cut "after exactly n bytes"
 * has to wait for it; Node has no call for that, Linux shows it in /proc/net/tcp. One reader serves all waiting sockets.
 * Elsewhere, or when the file cannot be read, nobody waits.
 */

import { readFile } from "node:fs/promises";

/** A socket by its ports, which on one machine is name enough; a stranger with the same pair costs a short wait. */
export interface SendQueueKey {
  readonly localPort: number;
  readonly remotePort: number;
  readonly ipv6: boolean;
}

interface Waiter {
  readonly name: string;
  readonly ipv6: boolean;
  readonly untilMs: number;
  readonly resolve: () => void;
}

/** Between two looks: doubled from the first to the second while something is still waiting. */
const lookMs = { first: 1, last: 32 };

/** Columns: slot, local address, remote address, state, bytes not yet acknowledged. */
const row = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/gm;

export class SendQueueWatch {
  #waiters: Waiter[] = [];
  #looking = false;

  /** Resolves when the peer's kernel has acknowledged everything, or after `waitMs`. */
  whenEmpty(key: SendQueueKey, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const name = `${hex(key.localPort)}:${hex(key.remotePort)}`;
      this.#waiters.push({ name, ipv6: key.ipv6, untilMs: performance.now() + waitMs, resolve });
      if (!this.#looking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    for (let pauseMs = lookMs.first; this.#waiters.length > 0; pauseMs = Math.min(pauseMs * 2, lookMs.last)) {
      const asked = this.#waiters;
      this.#waiters = [];
      const unsent = await readUnsent(asked.some((waiter) => waiter.ipv6));
      const nowMs = performance.now();
      for (const waiter of asked) {
        if (unsent.has(waiter.name) && nowMs < waiter.untilMs) this.#waiters.push(waiter);
        else waiter.resolve();
      }
      if (this.#waiters.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.#looking = false;
  }
}

/** The sockets of this machine with unacknowledged bytes, as "local:remote" ports. */
async function readUnsent(ipv6: boolean): Promise<Set<string>> {
  const files = ipv6 ? ["/proc/net/tcp", "/proc/net/tcp6"] : ["/proc/net/tcp"];
  const unsent = new Set<string>();
  for (const file of files) {
    const text = await readFile(file, "latin1").catch(() => "");
    for (const [, local, remote, bytes] of text.matchAll(row)) if (bytes !== "00000000") unsent.add(`${local}:${remote}`);
  }
  return unsent;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
