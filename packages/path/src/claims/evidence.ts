/**
 * The commands and tests that measure most of the claims. Names only.
 */
export const races = "`npm run bench -- keep-alive-races`";
export const saves = "`npm run bench -- keep-alive`";
export const nodeTest = "packages/path/test/claims.test.ts";
