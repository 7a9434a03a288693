/**
 * The buttons that cut the wire. It says which was pressed; what follows is decided elsewhere.
 */
import { type CutButton, type CutName, cutButtons, type Times } from "./cuts.ts";
import { byId, make, setText } from "./dom.ts";

export class CutsView {
  readonly #buttons = new Map<CutName, { readonly spec: CutButton; readonly button: HTMLButtonElement }>();

  constructor(times: Times, pressed: (spec: CutButton, isOn: boolean) => void) {
    const list = byId("cuts");
    for (const spec of cutButtons) {
      const sentenceId = `about-${spec.name}`;
      const button = make("button", { type: "button", id: `cut-${spec.name}`, "aria-describedby": sentenceId, disabled: "" }, spec.title);
      button.addEventListener("click", () => pressed(spec, button.getAttribute("aria-pressed") === "true"));
      if (spec.undo !== null) button.setAttribute("aria-pressed", "false");
      this.#buttons.set(spec.name, { spec, button });
      list.append(make("li", {}, button, make("p", { id: sentenceId }, spec.sentence(times))));
    }
  }

  /** @param on cuts in force @param isReady whether the control interface answers */
  draw(on: readonly string[], isReady: boolean): void {
    for (const [name, { spec, button }] of this.#buttons) {
      button.disabled = !isReady;
      if (spec.undo === null) continue;
      const isOn = on.includes(name);
      button.setAttribute("aria-pressed", String(isOn));
      setText(button, isOn ? spec.undo : spec.title);
    }
  }
}
