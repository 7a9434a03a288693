/**
 * The refusal that ends a run: the server does not know who this is, or does not allow what a run needs. What follows it says nothing about
 * losses, so it must never be counted as one. Pure.
 */
import type { Answer } from "../adapters/http.ts";
import { codeText } from "../code-text.ts";

/** What was said, by a server that refuses. */
export interface Refused {
  readonly code: string;
  readonly said: string;
}

const final: readonly string[] = ["unauthenticated", "forbidden"];

/** The refusal in the body of an answer, or in the reason of a close; null where it is none, or a hop's own. */
export function refusedIn(text: string): Refused | null {
  try {
    const json = JSON.parse(text) as { readonly error?: ErrorBody };
    const { code, message } = json.error ?? (json as ErrorBody);
    return final.includes(String(code)) || code === "token_expired" ? { code: String(code), said: String(message ?? "") } : null;
  } catch {
    return null;
  }
}

interface ErrorBody {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** Keeps the first refusal of a run. */
export class Refusals {
  readonly #isTokenFixed: boolean;
  readonly #over = new AbortController();
  #first: string | null = null;

  /** `isTokenFixed`: no dial will ever show another token, so one that has run out is refused for good. */
  constructor(isTokenFixed: boolean) {
    this.#isTokenFixed = isTokenFixed;
  }

  /** The first one, as a sentence; null while there is none. */
  get first(): string | null {
    return this.#first;
  }

  /** Aborted by the first one. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** A link, a stream or a publish ended with this code. Other codes are no refusals, and nothing is kept of them. */
  ended(server: string, what: string, code: string, said: string): void {
    if (final.includes(code) || (code === "token_expired" && this.#isTokenFixed)) this.#keep(server, what, { code, said });
  }

  /** A request was answered; it was made with the token that is good now. */
  answered(server: string, what: string, answer: Answer): void {
    const refused = answer.kind === "refused" ? refusedIn(answer.body) : null;
    if (refused !== null) this.#keep(server, what, refused);
  }

  #keep(server: string, what: string, refused: Refused): void {
    if (this.#first !== null) return;
    this.#first = refusalText(server, what, refused);
    this.#over.abort();
  }
}

/** One sentence for people: who refused what, and why. */
export function refusalText(server: string, what: string, { code, said }: Refused): string {
  return `${server} refused ${what}: ${codeText(code, said)}`;
}
