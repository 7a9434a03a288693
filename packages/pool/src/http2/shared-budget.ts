/** The budget that all origins of this process share, unless a test brings its own. */
import { http2OptionDocs } from "./options.ts";
import { WindowBudget } from "./window-budget.ts";

export const sharedWindowBudget = new WindowBudget(http2OptionDocs.windowBytesTotalMax.default);
