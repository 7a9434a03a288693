/**
 * Three servers of HTTP/1.1 in a network namespace of their own, on the address given: one never ends a connection, one ends it by FIN and one by RST
 * after so long without bytes. The ports are printed as a line of JSON.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";

const [host = "127.0.0.1", idle = "1000"] = process.argv.slice(2);
const answer = "HTTP/1.1 200 OK\r\nServer: idle-enders\r\nContent-Length: 2\r\n\r\nok";

function listen(end: ((socket: Socket) => void) | null): Promise<number> {
  const server = createServer((socket) => {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      clearTimeout(timer);
      if (end !== null) timer = setTimeout(() => end(socket), Number(idle));
    };
    arm();
    socket.on("error", () => {});
    socket.on("close", () => clearTimeout(timer));
    socket.on("data", (bytes) => {
      arm();
      if (String(bytes).startsWith("GET ")) socket.write(answer);
    });
  });
  return new Promise((resolve) => server.listen(0, host, () => resolve((server.address() as AddressInfo).port)));
}

const ports = { never: await listen(null), fin: await listen((socket) => socket.end()), rst: await listen((socket) => socket.resetAndDestroy()) };
process.stdout.write(`${JSON.stringify(ports)}\n`);
// Whoever started this ends it; should they be gone, it ends by itself.
setTimeout(() => process.exit(1), 90_000);
