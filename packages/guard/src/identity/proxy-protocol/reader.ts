/**
 * Collects the bytes since an accept until they are a PROXY header of the version that the listener was declared to have.
 * It must never take a connection without a header: a mode that allowed both would let anybody choose his own address.
 */
import { type Decoded, fault, type HeaderFault, type ProxyHeader } from "./header.ts";
import { decodeV1, startsV1, v1BytesMax } from "./v1.ts";
import { decodeV2, startsV2 } from "./v2.ts";

/** What a listener expects before the first byte of a client. `v1-or-v2`: a header is required, its version is free. */
export type ProxyMode = "off" | "v1" | "v2" | "v1-or-v2";

export type ReadProxy =
  | { readonly kind: "more" }
  /** `rest` is where in the chunk just pushed the client's own bytes begin. */
  | { readonly kind: "header"; readonly header: ProxyHeader; readonly rest: number }
  | { readonly kind: "fault"; readonly code: HeaderFault; readonly why: string };

function decode(bytes: Uint8Array, mode: Exclude<ProxyMode, "off">, bytesMax: number): Decoded {
  const isV1 = mode === "v1" || (mode === "v1-or-v2" && startsV1(bytes[0]));
  if (isV1) return decodeV1(bytes);
  if (mode === "v2" || startsV2(bytes[0])) return decodeV2(bytes, bytesMax);
  return fault("proxy_header_missing", "the first byte begins no header");
}

/** Reads one header. It holds no more than the header's own limit, whatever is pushed. */
export class ProxyReader {
  readonly #mode: Exclude<ProxyMode, "off">;
  readonly #bytesMax: number;
  #held: Uint8Array = new Uint8Array(0);

  /** @param bytesMax of version 2; version 1 has its own limit */
  constructor(mode: Exclude<ProxyMode, "off">, bytesMax: number) {
    this.#mode = mode;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of a header that is not whole yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Takes the next bytes. After a header or a fault nothing more may be pushed. */
  push(chunk: Uint8Array): ReadProxy {
    if (chunk.length === 0) return { kind: "more" };
    const held = this.#held.length;
    const bytes = held === 0 ? chunk : this.#joined(chunk);
    const decoded = decode(bytes, this.#mode, this.#bytesMax);
    if (decoded.kind === "fault") return decoded;
    if (decoded.kind === "header") return { kind: "header", header: decoded.header, rest: decoded.byteLength - held };
    // A decoder that wants more has seen less than its limit, so this is bounded. Copied, because the chunk is a part of a larger buffer;
    // by the constructor, because `slice` of a Buffer copies nothing.
    this.#held = held === 0 ? new Uint8Array(bytes) : bytes;
    return { kind: "more" };
  }

  /** Joins no more of the chunk than a header can be long: what follows belongs to the client. */
  #joined(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, Math.max(this.#bytesMax, v1BytesMax) - this.#held.length);
    const joined = new Uint8Array(this.#held.length + taken.length);
    joined.set(this.#held);
    joined.set(taken, this.#held.length);
    return joined;
  }
}
