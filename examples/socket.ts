/**
 * Talks to any WebSocket server, proves that the link lives and says how it stands. `npm run example socket ws://127.0.0.1:8080`
 */
import { ReliableWebSocket } from "@holdfast/client/socket";

const [url = "ws://127.0.0.1:8080"] = process.argv.slice(2);
const socket = new ReliableWebSocket(url, undefined, { queueBytesMax: 65_536 });
socket.status.subscribe(() => {
  const { state, code, reason, attempt } = socket.status.getSnapshot();
  console.error(`status: ${state} ${code ?? ""} ${reason} (attempt ${attempt})`);
});
socket.onmessage = ({ data }) => console.log(data);
process.stdin.on("data", (line) => socket.send(String(line).trimEnd()));
