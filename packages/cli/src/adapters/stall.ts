/**
 * Stops this process's only JavaScript thread, as a long garbage collection or a loop that does not end would: no timer, no request and no
 * signal is served meanwhile, while the kernel keeps every socket open and goes on accepting. It ends by itself.
 */

/** Returns after `ms`. The thread sleeps; it burns no CPU. */
export function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
