/**
 * The smallest page: follows one stream from its first entry, and keeps what came for the test.
 */
import { connect } from "@holdfast/client";

interface Followed {
  readonly entries: [position: string, text: string][];
  readonly states: string[];
  transport: string | null;
  gaps: number;
  error: string | null;
}

const page = globalThis as unknown as { readonly location: { readonly search: string }; followed: Followed };
const query = new URLSearchParams(page.location.search);
const followed: Followed = { entries: [], states: [], transport: null, gaps: 0, error: null };
page.followed = followed;

const client = connect(query.get("url") ?? "", { backoffBaseMs: 50, backoffCapMs: 500 });
client.status.subscribe(() => {
  const { state, transport } = client.status.getSnapshot();
  if (followed.states.at(-1) !== state) followed.states.push(state);
  followed.transport = transport;
});
try {
  for await (const { position, raw } of client.stream(query.get("stream") ?? "", { from: "first", onGap: () => void followed.gaps++ })) {
    followed.entries.push([position, raw ?? ""]);
  }
} catch (error) {
  followed.error = String(error);
}
