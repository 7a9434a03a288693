/**
 * Where the responses of an HTTP/1 connection end, in bytes as they come: for faults that act on responses and not on bytes.
 * It keeps no body. What it cannot read as HTTP it takes for a tunnel, in which nothing ends.
 */

/** A head longer than this is none. */
const headBytesMax = 65_536;
const cr = 0x0d;
const lf = 0x0a;

type State =
  | { readonly name: "head" }
  | { readonly name: "length"; readonly left: number }
  | { readonly name: "chunk-size" }
  | { readonly name: "chunk"; readonly left: number }
  | { readonly name: "trailer" }
  | { readonly name: "until-close" }
  | { readonly name: "tunnel" };

/** Follows the server's direction of one connection. A response to HEAD is taken for one with a body: requests are not seen. */
export class HttpResponses {
  #state: State = { name: "head" };
  /** The head, or a line of chunked framing, as far as it has come. */
  #line = "";

  /** After `101 Switching Protocols`, or in something that is not HTTP. */
  get isTunnel(): boolean {
    return this.#state.name === "tunnel";
  }

  /** Between two responses. */
  get isIdle(): boolean {
    return this.#state.name === "head" && this.#line === "";
  }

  /** Takes the next bytes; returns how many of them belong to responses that are complete now. */
  feed(bytes: Uint8Array): number {
    let at = 0;
    let complete = 0;
    while (at < bytes.length && this.#state.name !== "tunnel" && this.#state.name !== "until-close") {
      at = this.#take(bytes, at);
      if (this.isIdle) complete = at;
    }
    return complete;
  }

  #take(bytes: Uint8Array, at: number): number {
    const state = this.#state;
    if (state.name === "length" || state.name === "chunk") {
      const taken = Math.min(state.left, bytes.length - at);
      const left = state.left - taken;
      if (left > 0) this.#state = { ...state, left };
      else this.#state = state.name === "length" ? { name: "head" } : { name: "chunk-size" };
      return at + taken;
    }
    const byte = bytes[at] as number;
    this.#line += String.fromCharCode(byte);
    if (byte === lf) this.#lineEnded();
    else if (this.#line.length > headBytesMax) this.#state = { name: "tunnel" };
    return at + 1;
  }

  #lineEnded(): void {
    const line = this.#line;
    switch (this.#state.name) {
      case "head":
        if (!line.startsWith("HTTP/1.")) this.#state = { name: "tunnel" };
        else if (line.endsWith("\r\n\r\n") || line.endsWith("\n\n")) {
          this.#line = "";
          this.#state = bodyOf(line);
        }
        return;
      case "chunk-size": {
        this.#line = "";
        const size = Number.parseInt(line, 16);
        // The line break after a chunk belongs to the chunk.
        if (Number.isNaN(size)) this.#state = { name: "tunnel" };
        else this.#state = size === 0 ? { name: "trailer" } : { name: "chunk", left: size + 2 };
        return;
      }
      case "trailer":
        this.#line = "";
        if (line.charCodeAt(0) === cr || line.charCodeAt(0) === lf) this.#state = { name: "head" };
        return;
      default:
        return;
    }
  }
}

/** What follows a head. */
function bodyOf(head: string): State {
  const status = Number(head.slice(9, 12));
  if (status === 101) return { name: "tunnel" };
  if (status < 200 || status === 204 || status === 304) return { name: "head" };
  if (/^transfer-encoding:.*\bchunked\s*$/im.test(head)) return { name: "chunk-size" };
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
  if (length === undefined) return { name: "until-close" };
  return Number(length) === 0 ? { name: "head" } : { name: "length", left: Number(length) };
}
