/**
 * Advice in circulation about long-lived connections, held against what was measured or read; docs/claims.md is made from it.
 */
import type { Claim } from "./claim.ts";
import { figuresClaims } from "./figures.ts";
import { lifeClaims } from "./life.ts";
import { orderClaims } from "./order.ts";
import { productsClaims } from "./products.ts";
import { savingsClaims } from "./savings.ts";

export type { Claim, Verdict } from "./claim.ts";

/** Every claim by its name. */
export const claims: Readonly<Record<string, Claim>> = { ...orderClaims, ...figuresClaims, ...savingsClaims, ...lifeClaims, ...productsClaims };
