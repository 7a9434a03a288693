/** PROXY headers as bytes, good and spoiled. The checksum is computed bit by bit here, apart from the code under test. */

export const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

export interface V2Parts {
  readonly versionCommand?: number;
  readonly familyKind?: number;
  readonly addresses?: Uint8Array;
  readonly additions?: Uint8Array;
  /** Written in place of the true length. */
  readonly length?: number;
}

/** Source 203.0.113.9:56324, destination 198.51.100.2:443. */
export const tcp4 = Buffer.from("cb007109c6336402dc0401bb", "hex");
/** Source [2001:db8::9]:56324, destination [2001:db8::2]:443. */
export const tcp6 = Buffer.concat([Buffer.from("20010db8000000000000000000000009", "hex"), Buffer.from("20010db8000000000000000000000002dc0401bb", "hex")]);
export const unixPaths = Buffer.concat([Buffer.from("/run/client.sock".padEnd(108, "\0")), Buffer.from("/run/front.sock".padEnd(108, "\0"))]);

export function v2({ versionCommand = 0x21, familyKind = 0x11, addresses = tcp4, additions = new Uint8Array(0), length }: V2Parts = {}): Buffer {
  const said = length ?? addresses.length + additions.length;
  return Buffer.concat([signature, Buffer.from([versionCommand, familyKind, said >> 8, said & 255]), addresses, additions]);
}

/** One addition. */
export function addition(type: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** The addition about TLS: flags, result of the verification, and what stands within. */
export const tlsAddition = (flags: number, verify: number, ...within: Buffer[]): Buffer =>
  addition(0x20, Buffer.concat([Buffer.from([flags, 0, 0, 0, verify]), ...within]));

/** A header whose last addition is its checksum, true or spoiled. */
export function checked(parts: V2Parts, spoil = 0): Buffer {
  const bytes = v2({ ...parts, additions: Buffer.concat([parts.additions ?? Buffer.alloc(0), addition(0x03, Buffer.alloc(4))]) });
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f6_3b78 : sum >>> 1;
  }
  bytes.writeUInt32BE((sum ^ 0xffff_ffff ^ spoil) >>> 0, bytes.length - 4);
  return bytes;
}

export const v1 = "PROXY TCP4 203.0.113.9 198.51.100.2 56324 443\r\n";
