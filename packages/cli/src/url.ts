/**
 * Which server a command talks to. Pure.
 */
import { bad, type Checked, type FlagSpec, type Given, good, textFlag } from "./args.ts";
import type { Variables } from "./command.ts";

export const defaultUrl = "http://127.0.0.1:4150";

export const urlFlag: FlagSpec = { value: "URL", what: `The server (default: HOLDFAST_URL, else ${defaultUrl})` };

export const defaultAdminUrl = "http://127.0.0.1:4151";

export const adminFlag: FlagSpec = { value: "URL", what: `The admin listener (default: HOLDFAST_ADMIN_URL, else ${defaultAdminUrl})` };

/** The server's base address without a slash at the end: from --url, else HOLDFAST_URL, else the default. */
export function serverUrl(given: Given, variables: Variables): Checked<string> {
  return baseUrl(textFlag(given, "url"), "--url", variables["HOLDFAST_URL"], "HOLDFAST_URL", defaultUrl);
}

/** The same of the admin listener: from --admin, else HOLDFAST_ADMIN_URL, else the default. */
export function adminUrl(given: Given, variables: Variables): Checked<string> {
  return baseUrl(textFlag(given, "admin"), "--admin", variables["HOLDFAST_ADMIN_URL"], "HOLDFAST_ADMIN_URL", defaultAdminUrl);
}

function baseUrl(flag: string | undefined, flagName: string, variable: string | undefined, variableName: string, fallback: string): Checked<string> {
  const [text, source] = flag !== undefined ? [flag, flagName] : variable ? [variable, variableName] : [fallback, "the default"];
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return bad(`expected ${source} to be an address like ${fallback}, got ${JSON.stringify(text)}`);
  }
  return good(`${url.origin}${url.pathname}`.replace(/\/+$/, ""));
}

/** The address of a stream's resource: each segment of the name percent-encoded. */
export function streamUrl(base: string, stream: string): string {
  return `${base}/v1/streams/${stream.split("/").map(encodeURIComponent).join("/")}`;
}
