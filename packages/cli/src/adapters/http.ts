/**
 * One request to a server, as a result: the body of a success, a refusal, or why there was no answer.
 */

export type Answer =
  | { readonly kind: "ok"; readonly body: string }
  | { readonly kind: "refused"; readonly status: number; readonly body: string }
  | { readonly kind: "unreachable"; readonly reason: string };

/** Never rejects. An aborted signal is an answer too: `unreachable`. */
export function get(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask("GET", url, signal, headers);
}

/** The same with another method, or with headers. */
export async function ask(method: string, url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { method, signal, headers });
    const body = await response.text();
    return response.ok ? { kind: "ok", body } : { kind: "refused", status: response.status, body };
  } catch (thrown) {
    return { kind: "unreachable", reason: reasonOf(thrown) };
  }
}

const reasonTimeoutMs = 1_000;

/** The system's words on why a server cannot be reached, which a WebSocket does not tell; null when it can be, or nothing was found out. */
export async function whyUnreachable(url: string): Promise<string | null> {
  const answer = await get(`${url}/healthz`, AbortSignal.timeout(reasonTimeoutMs));
  return answer.kind === "unreachable" ? answer.reason : null;
}

/** fetch hides the system's words in the cause. */
function reasonOf(thrown: unknown): string {
  const { cause, message } = thrown as Error;
  if (cause instanceof Error && cause.message !== "") return cause.message;
  const { code } = (cause ?? {}) as { readonly code?: string };
  return code ?? message;
}
