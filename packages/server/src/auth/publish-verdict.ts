/**
 * Whether somebody may publish what they want to publish, by link or by HTTP: their rights first, then the application's hook.
 */
import { type Code, HoldfastError } from "@holdfast/protocol";
import type { AppendRequest } from "../engine.ts";
import { type Action, forbiddenText, type Principal } from "./authorizer.ts";
import type { Gate } from "./gate.ts";
import type { HookCaller } from "./hooks.ts";

/** Null: go on. */
export type Verdict = { readonly code: Code; readonly message: string; readonly afterMs?: number } | null;

const forbidden: Verdict = Object.freeze({ code: "forbidden", message: forbiddenText });

const refusal = ({ code, detail, afterMs }: HoldfastError): Verdict => ({ code, message: detail, ...(afterMs === undefined ? {} : { afterMs }) });

/** At once when nobody needs to be asked. Never throws, never rejects. */
export function judgePublish(gate: Gate, hooks: HookCaller | null, principal: Principal, request: AppendRequest): Verdict | Promise<Verdict> {
  const asksHook = hooks?.asksPublish === true && request.entries.length > 0;
  if (!gate.isGuarded && !asksHook) return null;
  const actions: Action[] = [...(request.entries.length > 0 ? (["publish"] as const) : []), ...(request.close === true ? (["close"] as const) : [])];
  const answers = actions.map((action) => gate.may(principal, action, request.stream));
  if (answers.includes(false)) {
    // Nobody waits for the other answer any more; a failure to get it that nobody hears of would end the process.
    for (const answer of answers) if (answer instanceof Promise) answer.catch(() => {});
    return forbidden;
  }
  if (!asksHook && answers.every((answer) => answer === true)) return null;
  return Promise.all(answers).then(
    async (all): Promise<Verdict> => {
      if (all.includes(false)) return forbidden;
      try {
        return (await hooks?.publish(principal, request)) ?? null;
      } catch (thrown) {
        return refusal(HoldfastError.from(thrown));
      }
    },
    (thrown: unknown) => refusal(HoldfastError.from(thrown)),
  );
}
