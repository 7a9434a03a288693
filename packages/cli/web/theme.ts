/**
 * Light, dark, or as the system has it; remembered in this browser.
 */
import { byId, choose, onChoice } from "./dom.ts";

const key = "holdfast-theme";

/** Puts the remembered choice in force, and follows the buttons. */
export function followTheme(): void {
  const group = byId("theme");
  const apply = (theme: string): void => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
    else delete document.documentElement.dataset["theme"];
  };
  const remembered = read() ?? "auto";
  apply(remembered);
  choose(group, remembered);
  onChoice(group, (theme) => {
    apply(theme);
    write(theme);
  });
}

// Storage may be forbidden; then the choice lasts as long as the page.
function read(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(theme: string): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // As above.
  }
}
