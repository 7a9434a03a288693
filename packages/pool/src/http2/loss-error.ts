/** How the loss of a request is told: by a code of the pool's table, with the connection and what HTTP/2 said. */
import type { PoolEnd } from "../ends.ts";
import { PoolError } from "../pool-error.ts";
import type { Loss } from "./again.ts";

/** The connection that it was lost on. */
interface Where {
  readonly number: number;
  readonly connected: { readonly peer: string };
  readonly end: PoolEnd | null;
  readonly headerListBytesMax: number;
}

export function tooLarge(bytes: number, { headerListBytesMax, connected }: Where): PoolError {
  return new PoolError("headers_too_large", `the header list has ${bytes} bytes, and ${connected.peer} takes ${headerListBytesMax}`);
}

export function lossError(loss: Loss, carrier: Where, rstCode: number | undefined): PoolError {
  const where = `on connection ${carrier.number} to ${carrier.connected.peer}`;
  switch (loss) {
    case "unprocessed":
      return new PoolError("refused", `the server did not process the request ${where}, and it can not be sent again`);
    case "reset":
      return new PoolError("stream_reset", `the request was reset ${where} with ${errorName(rstCode)}`, { outcome: "unknown" });
    case "unknown":
      return new PoolError("connection_lost", `the connection ended (${carrier.end ?? "server_closed"}) ${where}`, { outcome: "unknown" });
    default:
      return loss satisfies never;
  }
}

/** RFC 9113, section 7. */
const errorNames = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR"],
  ...["REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

const errorName = (code: number | undefined): string => errorNames[code ?? 0] ?? `code ${code}`;
