/** What an application's server would render of the React tests' application: the page hydrates it. */
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { App, firstScene, stage } from "./react-app.ts";

/** The markup for the page at an address. */
export function rendered(address: string): string {
  const query = new URL(address, "http://page").searchParams;
  stage.set({ ...firstScene, ...JSON.parse(query.get("scene") ?? "{}") });
  return renderToString(createElement(App, { url: query.get("url") ?? "" }));
}
