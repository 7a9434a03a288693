/** What is taken from undici as values: errors that its users know by class, and its reading of bodies that are forms or blobs. */
import { errors, FormData, Response } from "undici";
import type { HandlerErrors } from "../exchange.ts";

export const handlerErrors: HandlerErrors = {
  headersTimeout: () => new errors.HeadersTimeoutError(),
  bodyTimeout: () => new errors.BodyTimeoutError(),
  aborted: () => new errors.RequestAbortedError(),
};

export const invalidArgument = (message: string): Error => new errors.InvalidArgumentError(message);
export const notSupported = (message: string): Error => new errors.NotSupportedError(message);
export const lengthMismatch = (declared: number, got: number): Error =>
  new errors.RequestContentLengthMismatchError(`Expected a body of ${declared} bytes as \`content-length\` says, got ${got}`);

/** A form or a blob as a stream of bytes, and the type that it has by itself. Node's own form is another class than undici's, and read by Node's own. */
export function readForm(body: unknown): { readonly bytes: AsyncIterable<Uint8Array>; readonly contentType: string | null } {
  const read = body instanceof FormData ? new Response(body) : new globalThis.Response(body as Blob);
  return { bytes: (read.body ?? []) as unknown as AsyncIterable<Uint8Array>, contentType: read.headers.get("content-type") };
}
