/**
 * A Hono service on Node whose connections are guarded: an API, a stream of events, a WebSocket, and one line more. `npm run example guard/hono`
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { guard } from "@holdfast/guard";
import { createAdaptorServer, upgradeWebSocket, type WebSocketServerLike } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { WebSocketServer } from "ws";

const app = new Hono();
app.get("/api/hello/:name", (context) => context.json({ hello: context.req.param("name") }));
app.post("/api/upper", async (context) => context.text((await context.req.text()).toUpperCase()));
app.get("/api/broken", () => {
  throw new Error("this route always fails");
});
app.get("/events", (context) =>
  streamSSE(context, async (stream) => {
    const count = Number(context.req.query("count") ?? Infinity);
    for (let n = 0; n < count && !stream.aborted; n++) {
      await stream.writeSSE({ id: String(n), data: `tick ${n}` });
      await stream.sleep(50);
    }
  }),
);
app.get(
  "/live",
  upgradeWebSocket(() => ({ onMessage: ({ data }, socket) => socket.send(`${data}`) })),
);
app.onError((error, context) => context.json({ error: error.message }, 500));

const wss = new WebSocketServer({ noServer: true });
const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: wss as WebSocketServerLike } }) as Server;
guard(server).webSockets(wss);
server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
