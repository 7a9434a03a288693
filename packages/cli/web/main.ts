/**
 * Begins the page: asks the server who it is, opens this tab's wire, finds where the log is, and starts. Until all that is there it tries again.
 */
import { App } from "./app.ts";
import { type Answer, Control, readConfig, readLog } from "./control.ts";
import { byId, setText } from "./dom.ts";
import { followTheme } from "./theme.ts";

const againMs = 500;

/** The value of the first good answer. */
async function insist<T>(what: string, ask: () => Promise<Answer<T>>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.ok) return answer.value;
    setText(byId("reason"), `Waiting for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

followTheme();
const config = await insist("the server", readConfig);
const line = await insist("a wire of this tab's own", () => new Control(config).openLine(null));
// The numbered entries begin when the first page opens a wire.
const { next } = await insist("the first numbered entry", () => readLog(config.numbersStream, "now", 1));
setText(byId("reason"), "");
new App({ config, line, position: next }).start();
