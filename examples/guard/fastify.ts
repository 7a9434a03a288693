/**
 * A Fastify service whose connections are guarded: an API and a WebSocket, and one line more. `npm run example guard/fastify`
 */
import { guard } from "@holdfast/guard";
import fastify from "fastify";
import { WebSocketServer } from "ws";

const app = fastify({ logger: false });
const wss = new WebSocketServer({ server: app.server, path: "/live" });
wss.on("connection", (socket) => {
  socket.send("welcome");
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});

app.get("/api/square/:n", { schema: { params: { type: "object", properties: { n: { type: "integer" } } } } }, (request) => {
  const { n } = request.params as { n: number };
  return { n, square: n * n };
});
app.post("/api/sum", (request) => ({ sum: (request.body as number[]).reduce((sum, each) => sum + each, 0) }));
app.get("/api/broken", () => {
  throw new Error("this route always fails");
});

guard(app.server).webSockets(wss);
console.log(await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" }));
