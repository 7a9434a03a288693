/**
 * Asks a server for its `welcome` over one transport, straight and by the platform's own means: whether that transport gets through to
 * it at all, and by which times the server's links live. It must never leave a connection open.
 */
import { grpcTransport, h2Transport, Sessions } from "@holdfast/client/node";
import { decodeServerFrame, encodeClientFrame, protocolVersion, subprotocol, type WelcomeFrame } from "@holdfast/protocol";
import { whyUnreachable } from "../../adapters/http.ts";
import { withoutToken } from "../../token.ts";
import { type Refused, refusedIn } from "../refusal.ts";
import type { TransportName } from "../transports.ts";

/** What came of it. `absent`: the server answers, and has no such transport. `denied`: it does not let this token in. */
export type Greeting =
  | { readonly kind: "welcome"; readonly welcome: WelcomeFrame }
  | { readonly kind: "denied"; readonly refused: Refused }
  | { readonly kind: "absent" | "unreachable" | "refused"; readonly reason: string };

const helloOf = (token: string): string =>
  encodeClientFrame({ type: "hello", protocol: protocolVersion, client: "holdfast verify", token: token || undefined });
/** A refusal in what was said, or that it was none of ours. */
const refusal = (said: string, otherwise: string): Greeting => {
  const refused = refusedIn(said);
  return refused === null ? { kind: "refused", reason: otherwise } : { kind: "denied", refused };
};
const welcomeIn = (text: string): WelcomeFrame | null => {
  const frame = decodeServerFrame(text);
  return frame !== null && frame !== "fault" && frame.type === "welcome" ? frame : null;
};

/** Never rejects. `url` is the server's base address, `token` is empty without one; the attempt takes at most `limitMs`. */
export async function greet(url: string, transport: TransportName, limitMs: number, token: string): Promise<Greeting> {
  const greeting = await greetBy(transport, url, limitMs, token);
  if (greeting.kind !== "unreachable") return greeting;
  const why = await whyUnreachable(url);
  if (why !== null) return { kind: "unreachable", reason: why };
  // A path that takes no HTTP/2 is a sound one: whoever asks for it by name is told all the same.
  return isStreamed(transport) ? { kind: "absent", reason: greeting.reason } : greeting;
}

const isStreamed = (transport: TransportName): transport is "h2" | "grpc" => transport === "h2" || transport === "grpc";

function greetBy(transport: TransportName, url: string, limitMs: number, token: string): Promise<Greeting> {
  if (transport === "websocket") return greetBySocket(url, limitMs, token);
  return isStreamed(transport) ? greetByStream(url, transport, limitMs, token) : greetByRequest(url, transport, limitMs, token);
}

/** By a stream of HTTP/2 on a session of its own. */
function greetByStream(url: string, transport: "h2" | "grpc", limitMs: number, token: string): Promise<Greeting> {
  return new Promise((resolve) => {
    const sessions = new Sessions();
    const done = (greeting: Greeting): void => {
      clearTimeout(timer);
      resolve(greeting);
      sessions.close();
    };
    const timer = setTimeout(() => done({ kind: "unreachable", reason: `no welcome over ${transport} within ${limitMs} ms` }), limitMs);
    const conn = (transport === "h2" ? h2Transport : grpcTransport)(sessions).dial(
      { url: `${url}/v1/`, subprotocol },
      {
        onOpen: () => conn.send(helloOf(token)),
        onText: (text) => {
          const welcome = welcomeIn(text);
          done(welcome === null ? { kind: "refused", reason: "the server does not speak this protocol" } : { kind: "welcome", welcome });
        },
        onActivity: () => {},
        onClose: ({ reason }) => {
          const said = withoutToken(reason, token);
          const refused = refusedIn(said);
          done(refused === null ? { kind: "unreachable", reason: `the stream ended without a welcome: ${said}` } : { kind: "denied", refused });
        },
        onError: (_code, message) => done({ kind: "unreachable", reason: message }),
        asks: () => [],
      },
    );
  });
}

function greetBySocket(url: string, limitMs: number, token: string): Promise<Greeting> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/link`, subprotocol);
    const done = (greeting: Greeting): void => {
      clearTimeout(timer);
      resolve(greeting);
      socket.close();
    };
    const timer = setTimeout(() => done({ kind: "unreachable", reason: `no welcome over a WebSocket within ${limitMs} ms` }), limitMs);
    socket.onopen = () => socket.send(helloOf(token));
    socket.onmessage = ({ data }) => {
      const welcome = typeof data === "string" ? welcomeIn(data) : null;
      done(welcome === null ? { kind: "refused", reason: "the server does not speak this protocol" } : { kind: "welcome", welcome });
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (code === 1006) done({ kind: "unreachable", reason: "the WebSocket handshake failed: a hop may not let upgrades pass" });
      else done(refusal(withoutToken(reason, token), `closed with ${code} ${withoutToken(reason, token)}`));
    };
  });
}

/** Either endpoint says welcome first, and then, as nothing is subscribed, is left at once. */
async function greetByRequest(url: string, transport: "sse" | "poll", limitMs: number, token: string): Promise<Greeting> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), limitMs);
  try {
    const response = await fetch(`${url}/v1/${transport}`, { method: "POST", body: helloOf(token), signal: over.signal });
    if (response.status === 404 || response.status === 405) return { kind: "absent", reason: `no /v1/${transport} there (HTTP ${response.status})` };
    if (!response.ok || response.body === null) {
      const said = withoutToken(await response.text(), token);
      return refusal(said, `HTTP ${response.status}: ${said.slice(0, 200)}`);
    }
    let text = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const line = text.split("\n").find((each, i, all) => i < all.length - 1 && each.replace(/^data: /, "").startsWith("{"));
      const welcome = line === undefined ? null : welcomeIn(line.replace(/^data: /, ""));
      if (welcome !== null) return { kind: "welcome", welcome };
      if (line !== undefined || text.length > 65_536) break;
    }
    return { kind: "refused", reason: "the answer does not begin with a welcome" };
  } catch (thrown) {
    const { cause, message } = thrown as Error;
    const reason = over.signal.aborted
      ? `no welcome over ${transport} within ${limitMs} ms: a hop may hold the response back`
      : String((cause as Error | undefined)?.message || message);
    return { kind: "unreachable", reason };
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
