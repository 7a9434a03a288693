/**
 * Hydrates the markup that came from the server. The address of the Holdfast server, and what to show, are in the page's own address.
 */
import { createElement } from "react";
import { hydrateRoot } from "react-dom/client";
import { App, stage } from "./react-app.ts";

interface Page {
  readonly document: { getElementById(id: string): Element & { querySelector(what: string): { readonly textContent: string } | null } };
  readonly location: { readonly search: string };
  stage: typeof stage;
}

const page = globalThis as unknown as Page;
const query = new URLSearchParams(page.location.search);
page.stage = stage;
const scene = query.get("scene");
if (scene !== null) stage.set(JSON.parse(scene));
const root = page.document.getElementById("root");
stage.firstMarkup = root.querySelector("#reader")?.textContent ?? null;
hydrateRoot(root, createElement(App, { url: query.get("url") ?? "" }));
