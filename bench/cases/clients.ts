/**
 * Clients whose size is compared: what of them is imported, as their own guides begin, and what that brings. Data only.
 * Words on resuming say what the client can do with its own server; whether it does is the server's setting where it says "if".
 */

export interface MeasuredClient {
  /** What it is called where there is little room; default: `from`. */
  readonly label?: string;
  /** What is imported from. */
  readonly from: string;
  /** The names, as between the braces of an import. */
  readonly names: string;
  readonly transports: string;
  readonly resume: string;
}

const exact = "resumes each stream exactly, or says what is lost; publishes are added once";
const redialsOnly = "dials again, proves its links; nothing is resumed";

export const ownClients: readonly MeasuredClient[] = [
  { from: "@holdfast/client", names: "connect", transports: "WebSocket, SSE, long-poll", resume: exact },
  {
    label: "@holdfast/client, WebSocket only",
    from: "@holdfast/client",
    names: "createClient, platformEnv, webSocketTransport",
    transports: "WebSocket",
    resume: exact,
  },
  { from: "@holdfast/client/tabs", names: "connectShared", transports: "WebSocket, SSE, long-poll, one link for all tabs", resume: exact },
  { label: "ReliableWebSocket", from: "@holdfast/client/socket", names: "ReliableWebSocket", transports: "WebSocket", resume: redialsOnly },
  {
    from: "@holdfast/client/socket",
    names: "ReliableEventSource",
    transports: "SSE",
    resume: "by Last-Event-ID, if the server keeps events; proves its links",
  },
  { from: "@holdfast/client/socket", names: "ReliableWebSocket, ReliableEventSource", transports: "WebSocket, SSE", resume: "both of the above" },
];

export const foreignClients: readonly MeasuredClient[] = [
  { from: "socket.io-client", names: "io", transports: "long-poll, WebSocket, WebTransport", resume: "the session, if the server recovers connection states" },
  {
    from: "centrifuge",
    names: "Centrifuge",
    transports: "WebSocket, SSE, HTTP streaming, WebTransport",
    resume: "each channel by offset and epoch, if it has history and recovery",
  },
  { from: "phoenix", names: "Socket", transports: "WebSocket, long-poll", resume: "joins again; nothing is resumed" },
  {
    from: "@microsoft/signalr",
    names: "HubConnectionBuilder",
    transports: "WebSocket, SSE, long-poll",
    resume: "the connection, if both sides turn stateful reconnect on, at the same process",
  },
  { from: "ably", names: "Realtime", transports: "WebSocket, long-poll", resume: "the connection, within two minutes" },
  { from: "ably/modular", names: "BaseRealtime, WebSocketTransport, FetchRequest", transports: "WebSocket", resume: "the connection, within two minutes" },
  { from: "pusher-js", names: "default", transports: "WebSocket, HTTP streaming, long-poll", resume: "subscribes again; nothing is resumed" },
  { from: "reconnecting-websocket", names: "default", transports: "WebSocket", resume: "dials again; nothing is resumed" },
  { from: "partysocket", names: "WebSocket", transports: "WebSocket", resume: "dials again; nothing is resumed" },
  { from: "eventsource", names: "EventSource", transports: "SSE", resume: "by Last-Event-ID, if the server keeps events" },
  { from: "graphql-ws", names: "createClient", transports: "WebSocket", resume: "subscribes again; nothing is resumed" },
];
