/**
 * Certificates for tests, made by the openssl of the system when they are needed: none lies in the repository, where it would expire.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "./needs.ts";

export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** Kinds of keys, as openssl is asked for them. */
const keys = { ec: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], rsa: ["rsa:2048"] } as const;

/** A folder with certificates for `localhost`, self-signed. */
export interface Certificates extends Disposable {
  readonly folder: string;
  /** Makes a pair; the name of its files is also its common name. */
  make(name: string, days?: number, key?: keyof typeof keys): Pair;
  /** Puts the files of one pair in place of another's as a renewal does: each file at once, but one after the other. */
  replace(target: Pair, by: Pair): void;
}

export function certificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  return {
    folder,
    make: (name, days = 60, key = "ec") => {
      const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
      const kind = ["-newkey", ...keys[key], "-nodes", "-days", String(days)];
      const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
      execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", keyFile, "-out", certFile, ...names], { stdio: "ignore" });
      return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    },
    replace: (target, by) => {
      for (const file of ["certFile", "keyFile"] as const) {
        cpSync(by[file], `${target[file]}.next`);
        renameSync(`${target[file]}.next`, target[file]);
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One pair whose files are gone already; null without openssl. */
export function onePair(): Pick<Pair, "cert" | "key"> | null {
  if (needs("openssl") !== false) return null;
  using made = certificates();
  const { cert, key } = made.make("localhost", 2);
  return { cert, key };
}
