/** A key and a certificate for `localhost`, made anew by openssl for whoever asks, and kept nowhere. */
import { execFileSync } from "node:child_process";

export function certificate(): { readonly key: string; readonly cert: string } {
  const what = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-", "-out", "-", ...what];
  const both = execFileSync("openssl", made, { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });
  const at = both.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: both.slice(0, at), cert: both.slice(at) };
}
