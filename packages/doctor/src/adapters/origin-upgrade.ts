/**
 * Asks the agent for a WebSocket, and what of the wish arrived there.
 */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { agentProtocol } from "../agent/wire.ts";
import type { UpgradeFact } from "../facts.ts";
import { helloOf } from "../probes/agent-words.ts";
import { within } from "../probes/pause.ts";
import type { OriginContext } from "./origin-context.ts";

const bodyCharsMax = 65_536;
const messageBytesMax = 65_536;

/** What one attempt came to. lost: it was upgraded, and the subprotocol did not come back. */
type Tried = UpgradeFact | { readonly taken: "lost" };

export async function seeUpgrade(context: OriginContext): Promise<UpgradeFact> {
  const first = await tryUpgrade(context, [agentProtocol]);
  if (first.taken !== "lost") return first;
  const second = await tryUpgrade(context, []);
  return second.taken === "lost" ? { taken: false, status: 101, arrived: null, protocol: false } : { ...second, protocol: false };
}

async function tryUpgrade({ dialler, request, prefix, clock, waitMs }: OriginContext, protocols: string[]): Promise<Tried> {
  const line = await dialler.dial({ alpn: ["http/1.1"] });
  const headers = Object.fromEntries(request.headers.filter(([name]) => name !== "accept"));
  const options = { createConnection: () => line.socket, headers, perMessageDeflate: false, followRedirects: false, maxPayload: messageBytesMax };
  const ws = new WebSocket(`${dialler.origin.replace(/^http/, "ws")}${prefix}/socket`, protocols, options);
  try {
    const tried = await within(clock, outcome(ws), waitMs, null);
    if (tried === null) throw new Error("the upgrade was not answered in time");
    return tried;
  } finally {
    ws.terminate();
    line.close();
  }
}

function outcome(ws: WebSocket): Promise<Tried> {
  return new Promise((resolve, reject) => {
    let status = 0;
    ws.once("upgrade", (response) => {
      status = response.statusCode ?? 0;
    });
    ws.once("message", (data) => {
      const hello = helloOf(parsed(String(data)));
      if (hello === null) reject(new Error("who took the upgrade is no agent"));
      else resolve({ taken: true, status, arrived: hello.headers, protocol: ws.protocol !== "" });
    });
    ws.once("unexpected-response", (_, response) => {
      void body(response).then((text) => resolve({ taken: false, status: response.statusCode ?? 0, arrived: arrivedIn(text), protocol: false }));
    });
    // A handshake that was finished and is wrong: the subprotocol is all that this one can miss.
    ws.on("error", (fault) => (status === 101 ? resolve({ taken: "lost" }) : reject(fault)));
    ws.once("close", () => reject(new Error("the connection ended within the upgrade")));
  });
}

async function body(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) if (text.length < bodyCharsMax) text += String(chunk);
  } catch {
    // What came of it has to do.
  }
  return text;
}

/** The agent says with its refusal what arrived; anybody else's page does not. */
function arrivedIn(text: string): UpgradeFact["arrived"] {
  const refusal = parsed(text) as { readonly hello?: unknown } | null;
  return helloOf(refusal?.hello)?.headers ?? null;
}

/** Null: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
