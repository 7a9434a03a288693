/**
 * By which version of nginx a configuration is judged: as asked, else by a hint in a file (`# nginx/1.24.0`), else the newest that the hop database knows.
 */
import { nginx } from "../../hops/nginx.ts";
import { compareVersions } from "../../versions.ts";
import type { JudgedBy, SourceFile } from "../tool.ts";

/** In a comment only: a `Server` header set by hand says nothing. */
const hint = /^\s*#.*\bnginx[/ ]v?(\d+\.\d+\.\d+)/m;

export function judgedBy(asked: string | undefined, files: readonly SourceFile[]): JudgedBy {
  if (asked !== undefined) return { version: asked, from: "asked" };
  for (const { text } of files) {
    const found = hint.exec(text)?.[1];
    if (found !== undefined) return { version: found, from: "file" };
  }
  return { version: nginx.version ?? "1.29.7", from: "assumed" };
}

export const isBefore = (version: string, other: string): boolean => compareVersions(version, other) < 0;
