/**
 * What lint asks of each tool whose configuration it reads, and what it gets back. Types only; a tool is a folder beside this file and a name in
 * index.ts. A tool gets texts and gives findings: it never opens a file, and never throws for what a file says.
 */
import type { DeclaredHop, Place } from "../declared.ts";
import type { Finding } from "../finding.ts";
import type { Value } from "../knob.ts";

/** A file as it was read. Its name is the one that findings show. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

export type ToolId = "nginx" | "haproxy" | "caddy" | "node" | "sysctl" | "systemd";

export interface Tool {
  readonly id: ToolId;
  /** As people write it: `HAProxy`. */
  readonly name: string;
  /** By name and content: a file is of the first tool that recognises it, unless `--as` says which. */
  recognises(file: SourceFile): boolean;
  /**
   * Names of the files that this one includes, globs (`*`, `?`, `[a-z]`) as they are; `root` is the file from which everything is included.
   * Absent: the tool's files include none.
   */
  includes?(file: SourceFile, root: string): readonly string[];
  /** The files of a dump that holds several, as `nginx -T` prints it; the file itself where it is none. Absent: the tool prints none. */
  split?(file: SourceFile): readonly SourceFile[];
  /** All files of this tool at once, those that others include among them. */
  read(files: readonly SourceFile[], ask: LintAsk): ToolReading;
  /** The period of the WebSocket heartbeat that files of this tool set; null where they set none. Absent: the tool sends none. */
  heartbeatMs?(files: readonly SourceFile[]): number | null;
  /** How the tool writes a value of a knob of the hop database: `keepalive_timeout 60s;   # in upstream {}`. Absent: no exact lines are shown. */
  line?(knob: string, value: Value, version: string | null): string;
}

export interface LintAsk {
  /** As given on the command line. */
  readonly versions: Readonly<Partial<Record<ToolId, string>>>;
  /** The product in front, when the path says so. */
  readonly behind: string | null;
  /** Heartbeats of streams by their kind, as far as the path or another file says them. */
  readonly beats?: Readonly<Partial<Record<"websocket" | "event-stream", number>>>;
}

export interface ToolReading {
  readonly findings: readonly Finding[];
  readonly routes: readonly Route[];
  /** How many rules have looked at these files. */
  readonly rules: number;
  /** By which version the files were judged. Null: no rule depends on it. */
  readonly version: JudgedBy | null;
}

/** asked: by the command line. file: by a hint in a file. assumed: nobody said it. */
export interface JudgedBy {
  readonly version: string;
  readonly from: "asked" | "file" | "assumed";
}

/** One way through a tool: a location, a backend, a listener. */
export interface Route {
  /** Where it begins. */
  readonly place: Place;
  /** Which configuration it is of, where a tool was given several that run apart. */
  readonly of?: number;
  /** `host:port` or `unix:/path`; `*:443` where it listens on every address. */
  readonly listens: readonly string[];
  /** In the same form. */
  readonly forwards: readonly string[];
  /** As far as the configuration tells. */
  readonly carries: "http" | "websocket" | "event-stream" | "grpc" | "tcp";
  /** Values by the names of the hop database's knobs, with places: only what the files say. Defaults come from the database, by version. */
  readonly hop: DeclaredHop;
}
