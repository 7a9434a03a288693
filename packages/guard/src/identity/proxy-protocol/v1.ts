/**
 * Version 1 of the PROXY protocol: one line of at most 107 bytes. Strict: single spaces, canonical ports, addresses of the family named.
 *
 *     PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n        PROXY UNKNOWN ... \r\n
 */
import { formatAddress, parseAddress } from "../address.ts";
import { type Decoded, type Endpoint, fault, noAdditions } from "./header.ts";

/** The line with its CRLF, after the specification's own worst case. */
export const v1BytesMax = 107;

const prefix = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Whether the byte may begin a header of version 1. */
export const startsV1 = (byte: number | undefined): boolean => byte === prefix[0];

/** Decodes what has come since the accept. */
export function decodeV1(bytes: Uint8Array): Decoded {
  for (const [i, byte] of prefix.entries()) {
    if (i >= bytes.length) return { kind: "more", bytesMin: bytes.length + 1 };
    if (bytes[i] !== byte) return fault("proxy_header_missing", "the first bytes are not PROXY");
  }
  const last = Math.min(bytes.length, v1BytesMax);
  for (let at = prefix.length; at < last; at++) {
    const byte = bytes[at];
    if (byte === lineFeed) return fault("proxy_header_malformed", "a line feed without a carriage return");
    if (byte !== carriageReturn) continue;
    if (at + 1 >= v1BytesMax) break;
    if (at + 1 >= bytes.length) return { kind: "more", bytesMin: bytes.length + 1 };
    if (bytes[at + 1] !== lineFeed) return fault("proxy_header_malformed", "a carriage return without a line feed");
    return decodeLine(bytes.subarray(prefix.length, at), at + 2);
  }
  if (bytes.length >= v1BytesMax) return fault("proxy_header_too_long", `no end of line in ${v1BytesMax} bytes`);
  return { kind: "more", bytesMin: bytes.length + 1 };
}

function decodeLine(line: Uint8Array, byteLength: number): Decoded {
  // Every byte as one character: whatever is no ASCII is in no address and in no port.
  const text = String.fromCharCode(...line);
  // What follows UNKNOWN is to be ignored, whatever it is.
  if (text === "UNKNOWN" || text.startsWith("UNKNOWN ")) return { kind: "header", header: { version: 1, kind: "unknown" }, byteLength };
  const [protocol, sourceAddress, destinationAddress, sourcePort, destinationPort, ...rest] = text.split(" ");
  if (protocol !== "TCP4" && protocol !== "TCP6") return fault("proxy_header_malformed", "neither TCP4 nor TCP6 nor UNKNOWN");
  if (destinationPort === undefined || rest.length > 0) return fault("proxy_header_malformed", "not two addresses and two ports");
  const source = endpoint(protocol, sourceAddress, sourcePort);
  const destination = endpoint(protocol, destinationAddress, destinationPort);
  if (source === null || destination === null) return fault("proxy_header_malformed", "an address or a port that is none");
  return { kind: "header", header: { version: 1, kind: "tcp", source, destination, additions: noAdditions }, byteLength };
}

function endpoint(protocol: "TCP4" | "TCP6", addressText = "", portText = ""): Endpoint | null {
  // An IPv6 address has a colon, also with an IPv4 address as its tail; neither form may have brackets or a zone.
  const isQuad = !addressText.includes(":");
  if (isQuad !== (protocol === "TCP4") || addressText.includes("[") || addressText.includes("%")) return null;
  const address = parseAddress(addressText);
  const port = parsePort(portText);
  return address === null || port === null ? null : { address: formatAddress(address), family: address.family === 4 ? "IPv4" : "IPv6", port };
}

/** A decimal port without leading zeros, or null. */
function parsePort(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}
