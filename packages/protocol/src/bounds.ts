/**
 * The values of the limits that clients need, as plain constants: browsers download them, and their documentation (limits.ts) they do not.
 * Everything else takes them from the table `limits`.
 */
export const wireBytesMax = 65_536;
export const entryBytesMax = 262_144;
export const partBytesMax = 45_000;
export const inlineBytesMax = 49_152;
export const streamNameBytesMax = 255;
export const keyBytesMax = 255;
export const clientNameBytesMax = 128;
export const durationMsMax = 86_400_000;
export const jsonDepthMax = 64;
export const lastEntriesMax = 10_000;
export const repeatedMax = 1_000;
export const messagePiecesMax = 64;
