/**
 * A page that follows many streams at once over one origin: by its browser's own EventSource, and by clients of ours over each transport.
 * It keeps what each was given, in the order in which it came.
 */
import { connect } from "@holdfast/client";

interface Followed {
  readonly how: string;
  readonly stream: string;
  readonly values: number[];
  readonly gaps: string[];
}

const page = globalThis as unknown as { readonly location: { readonly origin: string } };
const followed: Followed[] = [];

function native(stream: string): void {
  const one: Followed = { how: "EventSource", stream, values: [], gaps: [] };
  followed.push(one);
  const source = new EventSource(`/v1/sse?stream=${stream}&after=first`);
  source.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) one.values.push(JSON.parse(line).data);
  };
  source.addEventListener("gap", (event) => void one.gaps.push(String((event as unknown as { readonly data: unknown }).data)));
}

async function byClient(stream: string, transport: string): Promise<void> {
  const one: Followed = { how: transport, stream, values: [], gaps: [] };
  followed.push(one);
  const client = connect(page.location.origin, { transports: [transport], backoffBaseMs: 100 });
  for await (const { data } of client.stream(stream, { from: "first", onGap: (gap) => void one.gaps.push(gap.reason) })) one.values.push(data as number);
}

Object.assign(globalThis, { followed, native, byClient });
