/**
 * Reads a certificate, its key and the authorities of clients from disk, and checks that a server could use them.
 * Never throws for what lies in the files: a fault is an answer. Files are looked at by their stamps, never with `fs.watch`, which misses
 * the renames and symbolic links by which certificates are replaced.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { CertificateSource, LoadedPair, PairFault } from "../certificate-store.ts";
import type { TlsFrontOptions } from "../options.ts";
import type { CertificateFacts, CertificateFault } from "../tls-front.ts";

type FileOptions = Pick<TlsFrontOptions, "certFile" | "keyFile" | "clientCaFile" | "passphrase">;

const fault = (code: CertificateFault, error: unknown): PairFault => ({ fault: code, message: error instanceof Error ? error.message : String(error) });

export class CertificateFiles implements CertificateSource {
  readonly #options: FileOptions;
  readonly #paths: readonly string[];

  constructor(options: FileOptions) {
    this.#options = options;
    const { certFile, keyFile, clientCaFile } = options;
    this.#paths = clientCaFile === null ? [certFile, keyFile] : [certFile, keyFile, clientCaFile];
  }

  async stamp(): Promise<string> {
    const stamps = await Promise.all(this.#paths.map((path) => stat(path).then(stampOf, missing)));
    return stamps.join(" ");
  }

  async load(): Promise<LoadedPair | PairFault> {
    try {
      return inspect(await Promise.all(this.#paths.map((path) => readFile(path, "utf8"))), this.#options);
    } catch (error) {
      return fault("unreadable", error);
    }
  }

  /** At start, when there is nothing to wait for yet. */
  loadNow(): { readonly pair: LoadedPair | PairFault; readonly stamp: string } {
    try {
      const stamp = this.#paths.map((path) => stampOf(statSync(path))).join(" ");
      const texts = this.#paths.map((path) => readFileSync(path, "utf8"));
      return { pair: inspect(texts, this.#options), stamp };
    } catch (error) {
      return { pair: fault("unreadable", error), stamp: "" };
    }
  }
}

const stampOf = ({ mtimeMs, size, ino }: { readonly mtimeMs: number; readonly size: number; readonly ino: number }): string => `${mtimeMs}:${size}:${ino}`;
const missing = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "unreadable";

/** Judges the contents of the files, in the order of their paths. */
function inspect(texts: readonly string[], { passphrase }: FileOptions): LoadedPair | PairFault {
  const [cert = "", key = ""] = texts;
  const clientCa = texts[2] ?? null;
  let leaf: X509Certificate;
  let privateKey: KeyObject;
  try {
    leaf = wholeCertificates(cert);
  } catch (error) {
    return fault("certificate_malformed", error);
  }
  try {
    privateKey = createPrivateKey({ key, ...(passphrase === null ? {} : { passphrase }) });
  } catch (error) {
    return fault("key_malformed", error);
  }
  if (!leaf.checkPrivateKey(privateKey)) return fault("key_mismatch", "the key is not that of the certificate");
  try {
    if (clientCa !== null) wholeCertificates(clientCa);
  } catch (error) {
    return fault("client_ca_malformed", error);
  }
  return { cert, key, clientCa, facts: factsOf(leaf) };
}

/**
 * The first certificate of a file, once all of them could be parsed. OpenSSL stops at the first that it cannot read and says nothing, so
 * that a chain cut off in the middle of a write would be served short.
 */
function wholeCertificates(pem: string): X509Certificate {
  const begins = pem.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g)?.length ?? 0;
  const blocks = pem.match(/-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g) ?? [];
  if (blocks.length !== begins) throw new Error(`${begins - blocks.length} of ${begins} certificates in the file are cut off`);
  const [leaf] = blocks.map((block) => new X509Certificate(block));
  if (leaf === undefined) throw new Error("there is no certificate in the file");
  return leaf;
}

function factsOf(leaf: X509Certificate): CertificateFacts {
  return {
    subject: leaf.subject.replaceAll("\n", ", "),
    names: leaf.subjectAltName ?? null,
    serial: leaf.serialNumber,
    fingerprint256: leaf.fingerprint256,
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    notAfter: leaf.validToDate.toISOString(),
  };
}
