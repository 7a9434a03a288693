/**
 * Follows one stream and prints what the status says meanwhile. `npm run example follow [STREAM] [URL]`
 */
import { connect } from "@holdfast/client";

const [stream = "vitals/process", url = "http://127.0.0.1:4150"] = process.argv.slice(2);
const client = connect(url);
client.status.subscribe(() => {
  const { state, reason } = client.status.getSnapshot();
  console.error(`status: ${state}${reason === "" ? "" : ` (${reason})`}`);
});

for await (const entry of client.stream(stream, { from: { last: 5 }, onGap: (gap) => console.error("gap", gap) })) {
  console.log(entry.position, JSON.stringify(entry.data));
}
