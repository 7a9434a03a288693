/**
 * Who words an error so: the pages that proxies answer with when the application does not. Pure; ids are those of the hop database.
 */
import type { Head } from "./http1-answer.ts";

const pages: readonly (readonly [product: string, page: RegExp])[] = [
  ["haproxy", /The server didn't respond in time\.|No server is available to handle this request|The server returned an invalid or incomplete response/],
  ["nginx", /<center>(?:nginx|openresty)(?:\/[\d.]+)?<\/center>/],
  ["varnish", /Guru Meditation/],
  ["squid", /Generated .* by .* \(squid\//],
  [
    "apache",
    /<title>50[234] (?:Proxy Error|Gateway Timeout|Service Unavailable|Bad Gateway)|The proxy server (?:received an invalid|could not handle)|The gateway did not receive a timely response/,
  ],
  ["aws-alb", /<center><h1>50[234] [A-Z][A-Za-z -]+<\/h1><\/center>\s*<\/body>/],
  ["envoy", /^(?:upstream request timeout|upstream connect error or disconnect\/reset before headers|stream timeout)/],
];

export function errorPageProduct({ headers }: Pick<Head, "headers">, body: string): string | null {
  if (headers["x-squid-error"] !== undefined) return "squid";
  return pages.find(([, page]) => page.test(body))?.[0] ?? null;
}
