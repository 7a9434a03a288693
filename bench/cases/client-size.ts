/**
 * What a client adds to a page: bundled, minified and gzipped the way an application's bundler does it, ours from their sources beside
 * those that others publish. `npm run size` holds ours to a budget. Sizes do not vary from run to run, so there is no spread.
 * Nothing of a bundle is written anywhere.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleSize, bundleSize } from "../lib/bundle.ts";
import { clientsFolder, installPeers } from "../lib/peers.ts";
import type { BenchCase, CaseResult, CaseSettings } from "../lib/result.ts";
import { foreignClients, type MeasuredClient, ownClients } from "./clients.ts";

interface Measured extends MeasuredClient {
  readonly version: string;
  readonly size: BundleSize;
  readonly ours: boolean;
}

function versionOf(folder: string, name: string): string | null {
  const file = join(folder, "node_modules", name, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version : null;
}

const importOf = ({ from, names }: MeasuredClient): string => `export { ${names} } from "${from}";`;

async function measureForeign(client: MeasuredClient): Promise<Measured | null> {
  const { from } = client;
  const name = from.split("/", from.startsWith("@") ? 2 : 1).join("/");
  const version = versionOf(clientsFolder, name);
  if (version === null) return null;
  const size = await bundleSize(importOf(client), clientsFolder);
  return { ...client, version, size, ours: false };
}

async function measureAll(): Promise<{ readonly measured: Measured[]; readonly missing: string[] }> {
  const measured: Measured[] = [];
  const missing: string[] = [];
  for (const client of ownClients) {
    const size = await bundleSize(importOf(client), import.meta.dirname, ["source"]);
    measured.push({ ...client, version: "this tree", size, ours: true });
  }
  for (const client of foreignClients) {
    const found = await measureForeign(client);
    if (found === null) missing.push(client.from);
    else measured.push(found);
  }
  return { measured: measured.sort((a, b) => a.size.gzipBytes - b.size.gzipBytes), missing };
}

const bytes = (count: number): string => count.toLocaleString("en-US");

async function run({ smoke, progress }: CaseSettings): Promise<CaseResult> {
  // A smoke run must not need the network for what it does not judge.
  const fault = smoke ? null : await installPeers(progress, clientsFolder);
  progress("bundling");
  const { measured, missing } = await measureAll();
  return {
    name: "client-size",
    tables: [
      {
        columns: ["client", "version", "imported", "gzip -9, bytes", "minified, bytes", "transports in it", "after a loss"],
        rows: measured.map(({ from, version, names, size, transports, resume }) => [
          from,
          version,
          `\`${names}\``,
          bytes(size.gzipBytes),
          bytes(size.minifiedBytes),
          transports,
          resume,
        ]),
      },
    ],
    charts: [
      {
        name: "client-size",
        title: "Clients, bundled, minified and gzipped",
        unit: "bytes",
        bars: measured.map(({ from, label, size: { gzipBytes }, ours }) => ({
          label: label ?? from,
          value: gzipBytes,
          low: gzipBytes,
          high: gzipBytes,
          ours,
        })),
      },
    ],
    aims: [],
    notes: missing.length === 0 ? [] : [`Not installed${fault === null ? "" : ` (${fault})`}, so not measured: ${missing.join(", ")}.`],
    figures: Object.fromEntries(measured.map(({ from, names, size }) => [`${from} { ${names} }, gzip bytes`, size.gzipBytes])),
  };
}

export const clientSize: BenchCase = { name: "client-size", title: "Clients: bundled, minified and gzipped", run };
