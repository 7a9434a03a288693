/**
 * The log as the HTTP interface tells it, for tests whose server is in their own process: a child that is waited for would wait for ever.
 */

/** Reads a whole stream: position and payload of each entry. */
export async function fetchLog(url: string, stream: string): Promise<[position: string, text: string][]> {
  const log: [string, string][] = [];
  for (let next = "first"; ; ) {
    const page = await (await fetch(`${url}/v1/streams/${stream}?after=${next}&limit=1000`)).json();
    const { entries, more } = page as { entries: { position: string; data: unknown }[]; next: string; more: boolean };
    for (const { position, data } of entries) log.push([position, JSON.stringify(data)]);
    if (!more) return log;
    next = (page as { next: string }).next;
  }
}
