/**
 * Go's net/http, as a server and as a client.
 */
import type { Product } from "../knob.ts";
import { nextRequest, secondHand } from "./rows.ts";

const http = secondHand("pkg.go.dev, net/http: Server and Transport");

export const goServer: Product = {
  id: "go-server",
  name: "Go http.Server",
  aliases: ["go"],
  kind: "runtime",
  managed: false,
  granularityMs: 1,
  version: null,
  knobs: [
    {
      name: "IdleTimeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      fallsBackTo: ["ReadTimeout"],
      resetBy: nextRequest,
      ends: ["fin", "goaway"],
      note: "HTTP/2: PING frames are no activity (x/net/http2)",
      ...http,
    },
    { name: "ReadTimeout", classes: ["B"], side: "client", unit: "ms", default: "never", zeroIs: "never", ends: ["fin"], note: "The whole request", ...http },
    {
      name: "ReadHeaderTimeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      fallsBackTo: ["ReadTimeout"],
      ends: ["fin"],
      ...http,
    },
    {
      name: "WriteTimeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      ends: ["fin"],
      note: "The whole answer: ends streams",
      ...http,
    },
  ],
};

export const goClient: Product = {
  id: "go-client",
  name: "Go http.Transport",
  aliases: ["go-transport"],
  kind: "client",
  managed: false,
  granularityMs: 1,
  version: null,
  // It repeats requests that are idempotent, or whose body it has, when a kept connection was closed under it.
  retries: "idempotent",
  knobs: [
    {
      name: "IdleConnTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 90_000,
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Of http.DefaultTransport",
      ...http,
    },
    { name: "MaxIdleConnsPerHost", classes: [], side: "server", unit: "count", default: 2, ...http },
    { name: "MaxConnsPerHost", role: "pool_max", classes: [], side: "server", unit: "count", default: "never", zeroIs: "never", ...http },
    { name: "ResponseHeaderTimeout", role: "answer", classes: ["B"], side: "server", unit: "ms", default: "never", zeroIs: "never", ends: ["fin"], ...http },
    {
      name: "http2 ReadIdleTimeout",
      role: "ping_every",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      note: "PING after so much silence",
      ...secondHand("golang.org/x/net/http2, Transport"),
    },
  ],
};
