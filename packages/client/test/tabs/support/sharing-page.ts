/**
 * Runs the cases of what tabs rely on over a browser's own channels and locks, for the test that asks for them one by one.
 * It must stay a page's program: nothing here may need more than a browser has.
 */
import { browserSharing, canShare } from "../../../src/tabs/adapters/browser.ts";
import { sharingCases } from "./sharing-cases.ts";

/** Messages and locks cross the browser's processes; this is long beside what they need, and a case that needs longer fails. */
const settleMs = 200;

(globalThis as unknown as { sharing: object }).sharing = {
  canShare,
  names: Object.keys(sharingCases),
  run: (name: string): Promise<void> | undefined => sharingCases[name]?.(browserSharing, () => new Promise((resolve) => setTimeout(resolve, settleMs))),
};
