/** Node, undici, ws, gRPC and the drivers: errors as they stand in logs of applications. And what browsers say. */
import type { LogProduct } from "../event.ts";

export const nodeLog: LogProduct = {
  id: "node",
  name: "Node",
  hint: /E[A-Z]{4,}|UND_ERR|socket hang up|ERR_|Unexpected server response|too_many_pings|ENHANCE_YOUR_CALM|other side closed|terminated unexpectedly|backend_connection_closed/,
  phrases: [
    { code: "log_too_many_pings", pattern: /too_many_pings|ENHANCE_YOUR_CALM/ },
    { code: "log_upgrade_refused", pattern: /Unexpected server response: (?!401|403)\d{3}/ },
    { code: "log_stream_cut", pattern: /UND_ERR_BODY_TIMEOUT|ERR_INCOMPLETE_CHUNKED_ENCODING/ },
    { code: "log_upstream_timeout", pattern: /UND_ERR_HEADERS_TIMEOUT/ },
    { code: "log_upstream_unreachable", pattern: /ECONNREFUSED(?: (?<where>[\w.:[\]-]+:\d+))?|UND_ERR_CONNECT_TIMEOUT/ },
    { code: "log_descriptors", pattern: /\bEMFILE\b|\bENFILE\b/ },
    { code: "log_ports", pattern: /\bEADDRNOTAVAIL\b(?: (?<where>[\w.:[\]-]+:\d+))?/ },
    { code: "log_client_left", pattern: /ERR_STREAM_PREMATURE_CLOSE|Error: aborted/ },
    { code: "log_database_idle_end", pattern: /Connection terminated unexpectedly|PROTOCOL_CONNECTION_LOST|server has gone away/ },
    {
      code: "log_upstream_closed_early",
      pattern: /\bECONNRESET\b|socket hang up|UND_ERR_SOCKET|other side closed|backend_connection_closed_before_data_sent_to_client|\bEPIPE\b/,
    },
  ],
};
