/**
 * An Express service whose connections are guarded: an API, a stream of events, and one line more. `npm run example guard/express`
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard } from "@holdfast/guard";
import express from "express";

const notes = new Map([["1", { id: "1", text: "Every answer says how long its connection is kept" }]]);

const app = express();
app.get("/api/notes/:id", (request, response) => {
  const note = notes.get(request.params.id);
  if (note === undefined) response.status(404).json({ error: "no such note" });
  else response.json(note);
});
app.put("/api/notes/:id", express.json(), (request, response) => {
  const note = { id: request.params.id, text: String(request.body.text) };
  notes.set(note.id, note);
  response.status(201).json(note);
});
app.get("/api/broken", () => {
  throw new Error("this route always fails");
});
app.get("/events", (request, response) => {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  let n = 0;
  const timer = setInterval(() => {
    response.write(`id: ${n}\ndata: tick ${n}\n\n`);
    if (++n === Number(request.query["count"] ?? Infinity)) response.end();
  }, 50);
  response.on("close", () => clearInterval(timer));
});

const server = createServer(app);
guard(server);
server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
