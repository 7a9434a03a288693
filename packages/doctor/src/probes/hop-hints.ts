/**
 * Headers that give a hop away. Data and one reading of it; pure. The hop database knows more products by their headers: `more` brings those in.
 */
import type { HopHint } from "../facts.ts";

interface Hint {
  readonly header: string;
  readonly pattern: RegExp;
  /** Its id in the hop database; null: some hop. */
  readonly product: string | null;
}

const hints: readonly Hint[] = [
  { header: "cf-ray", pattern: /./, product: "cloudflare" },
  { header: "x-amz-cf-id", pattern: /./, product: "cloudfront" },
  { header: "x-amz-apigw-id", pattern: /./, product: "api-gateway-websocket" },
  { header: "x-azure-ref", pattern: /./, product: "azure-front-door" },
  { header: "fly-request-id", pattern: /./, product: "fly" },
  { header: "x-vercel-id", pattern: /./, product: "vercel" },
  { header: "x-varnish", pattern: /./, product: "varnish" },
  { header: "x-envoy-upstream-service-time", pattern: /./, product: "envoy" },
  { header: "x-squid-error", pattern: /./, product: "squid" },
  { header: "set-cookie", pattern: /(?:^|[\s,])AWSALB(?:CORS|TG)?=/, product: "aws-alb" },
  { header: "x-served-by", pattern: /./, product: null },
  { header: "x-cache", pattern: /./, product: null },
  { header: "via", pattern: /./, product: null },
  { header: "server", pattern: /./, product: null },
];

/** Words of `Server` and `Via`, and the product that writes them. */
const words: readonly (readonly [RegExp, string])[] = [
  [/\bnginx\b/i, "nginx"],
  [/\bopenresty\b/i, "nginx"],
  [/\bhaproxy\b/i, "haproxy"],
  [/\bcaddy\b/i, "caddy"],
  [/\bapache\b/i, "apache"],
  [/\bvarnish\b/i, "varnish"],
  [/\bsquid\b/i, "squid"],
  [/\benvoy\b/i, "envoy"],
  [/\bcloudflare\b/i, "cloudflare"],
  [/\bcloudfront\b/i, "cloudfront"],
  [/\bawselb\b/i, "aws-alb"],
  [/\bheroku\b/i, "heroku"],
  [/\bvegur\b/i, "heroku"],
  [/\bgoogle\b/i, "gcp-alb"],
  [/\btraefik\b/i, "traefik"],
  [/\buvicorn\b/i, "uvicorn"],
  [/\bgunicorn\b/i, "gunicorn"],
];

/** Longest value that is kept: what a server says ends up in a report. */
const valueCharsMax = 200;

export function hopHints(headers: Readonly<Record<string, string>>): HopHint[] {
  const found: HopHint[] = [];
  for (const { header, pattern, product } of hints) {
    const value = Object.hasOwn(headers, header) ? (headers[header] as string) : null;
    if (value === null || !pattern.test(value)) continue;
    const named = header === "server" || header === "via" ? (words.find(([word]) => word.test(value))?.[1] ?? null) : product;
    // A cookie's value is somebody's session; its name is all that matters.
    found.push({ header, value: header === "set-cookie" ? "AWSALB" : value.slice(0, valueCharsMax), product: named });
  }
  return found;
}
