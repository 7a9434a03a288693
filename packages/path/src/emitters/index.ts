/**
 * Configurations out of a plan, one emitter a tool. Pure: a plan in, text out. What a path does not say (addresses) is a placeholder that says so.
 */
import type { Plan } from "../plan.ts";
import { emitCaddy } from "./caddy.ts";
import { emitHaproxy } from "./haproxy.ts";
import { emitHoldfast, emitServe } from "./holdfast.ts";
import type { EmitOptions } from "./hop.ts";
import { emitNginx } from "./nginx.ts";
import { emitNode } from "./node.ts";
import { emitSysctl } from "./sysctl.ts";

export { type EmitOptionDoc, type EmitOptions, emitOptionDocs } from "./hop.ts";

export type Emitter = (plan: Plan, options?: EmitOptions) => string;

/** `serve` is the JSON that `holdfast serve --config` reads. Each throws PathError where the path has no such hop. */
export const emitters = {
  nginx: emitNginx,
  haproxy: emitHaproxy,
  caddy: emitCaddy,
  node: emitNode,
  sysctl: emitSysctl,
  holdfast: emitHoldfast,
  serve: emitServe,
} as const satisfies Readonly<Record<string, Emitter>>;

export type EmitTool = keyof typeof emitters;
