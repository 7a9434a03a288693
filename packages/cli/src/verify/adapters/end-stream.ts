/**
 * Ends a stream by one HTTP request, for when no link can carry it any more.
 */

/** Never rejects: null when the stream has ended, else why not. */
export async function endStream(url: string, limitMs: number): Promise<string | null> {
  try {
    const response = await fetch(url, { method: "POST", headers: { "Holdfast-Close": "true" }, signal: AbortSignal.timeout(limitMs) });
    await response.text();
    return response.ok ? null : `HTTP ${response.status}`;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
