/**
 * A moment given by a clock of ours, in the form in which libraries take it. It must never ask the system what time it is.
 */

/** The moment `wallMs` ms after 1970-01-01 UTC. */
export const dateOf = (wallMs: number): Date => new Date(wallMs);
