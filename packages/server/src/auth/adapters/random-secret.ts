/**
 * A secret for one run of a process, where none was configured.
 */
import { randomBytes } from "node:crypto";

/** 32 random bytes. */
export const randomSecret = (): Uint8Array => randomBytes(32);
