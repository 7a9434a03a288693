/**
 * What a code means, for people: errors of the client carry their code and little else, because browsers need not download prose.
 * It must never replace what the server or the client did say.
 */
import { codes, HoldfastError, isCode } from "@holdfast/protocol";

/** `code, what was said`, or what the table says of the code when nothing was. */
export function codeText(code: string, said: string): string {
  const text = said === "" && isCode(code) ? codes[code].meaning : said;
  return text === "" ? code : `${code}, ${text}`;
}

/** The message of an error, never a bare code. */
export function errorText({ code, detail }: HoldfastError): string {
  return `[${code}] ${detail === "" ? codes[code].meaning : detail}`;
}

/** The same of anything thrown that is worth one line. */
export function faultText(fault: Error): string {
  return fault instanceof HoldfastError ? errorText(fault) : fault.message;
}

/** What a refusal's body says, in a few words; its beginning where it is none of ours. */
export function errorIn(body: string): string {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error;
    return `${code}, ${message}`;
  } catch {
    return body.slice(0, 200);
  }
}
