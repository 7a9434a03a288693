/**
 * The headers of everything that belongs to the page. Pure. Nothing comes from elsewhere, nothing is kept, nobody may frame it.
 */

/** Headers of a file. `inlineHashes`: what may stand in the document itself; `host`: where the page's lines are. */
export function pageHeaders(inlineHashes: readonly string[], host: string): Record<string, string> {
  // A policy has no words for an IPv6 address, so there it can only name the schemes.
  const lines = host.includes(":") ? "http: ws:" : `http://${host}:* ws://${host}:*`;
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${inlineHashes.map((hash) => `'sha256-${hash}'`).join(" ")}`,
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${lines}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { ...privateHeaders, "Content-Security-Policy": policy.join("; ") };
}

/** Headers of every answer, those of the control interface included. */
export const privateHeaders = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
} as const;
