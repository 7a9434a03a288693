/**
 * Which server a command talks to. Pure.
 */
import { bad, type Checked, type FlagSpec, type Given, good, textFlag } from "./args.ts";
import type { Variables } from "./command.ts";

export const defaultUrl = "http://127.0.0.1:4150";

export const urlFlag: FlagSpec = { value: "URL", what: `The server (default: HOLDFAST_URL, else ${defaultUrl})` };

/** The server's base address without a slash at the end: from --url, else HOLDFAST_URL, else the default. */
export function serverUrl(given: Given, variables: Variables): Checked<string> {
  const flag = textFlag(given, "url");
  const variable = variables["HOLDFAST_URL"];
  const [text, source] = flag !== undefined ? [flag, "--url"] : variable ? [variable, "HOLDFAST_URL"] : [defaultUrl, "the default"];
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return bad(`expected ${source} to be an address like ${defaultUrl}, got ${JSON.stringify(text)}`);
  }
  return good(`${url.origin}${url.pathname}`.replace(/\/+$/, ""));
}

/** The address of a stream's resource: each segment of the name percent-encoded. */
export function streamUrl(base: string, stream: string): string {
  return `${base}/v1/streams/${stream.split("/").map(encodeURIComponent).join("/")}`;
}
