/**
 * Small helpers for the document. Text is always set as text, so that nothing a server says becomes markup.
 */

/** The element with this id. A page without it is broken. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Sets text only when it differs: what is written without need is read out again by some screen readers. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

/** The same in SVG. */
export function makeSvg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Readonly<Record<string, string | number>> = {}): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value));
  return element;
}

/** Calls back with the chosen value of a group of radio buttons. */
export function onChoice(group: HTMLElement, chosen: (value: string) => void): void {
  group.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement) chosen(event.target.value);
  });
}

/** Checks the radio button with this value. */
export function choose(group: HTMLElement, value: string): void {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
}
