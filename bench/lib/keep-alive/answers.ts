/**
 * Reads whole HTTP/1.1 answers out of text as it comes. Just enough for small answers of servers and proxies that are known here.
 */

export interface Answer {
  readonly status: number;
  /** It says that no other follows on this connection. */
  readonly isLast: boolean;
}

const headEnd = "\r\n\r\n";
const lastChunk = "0\r\n\r\n";

export class AnswerReader {
  #text = "";

  /** The answers that are complete with `text`. */
  read(text: string): Answer[] {
    this.#text += text;
    const answers: Answer[] = [];
    for (;;) {
      const at = this.#text.indexOf(headEnd);
      if (at < 0) return answers;
      const head = this.#text.slice(0, at);
      const end = this.#endOfBody(head, at + headEnd.length);
      if (end === null || this.#text.length < end) return answers;
      this.#text = this.#text.slice(end);
      answers.push({ status: Number(head.slice(9, 12)), isLast: /^connection: close/im.test(head) });
    }
  }

  #endOfBody(head: string, from: number): number | null {
    if (!/^transfer-encoding: chunked/im.test(head)) return from + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const last = this.#text.indexOf(lastChunk, from);
    return last < 0 ? null : last + lastChunk.length;
  }
}
