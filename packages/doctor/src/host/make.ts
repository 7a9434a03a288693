/** Makes findings of a host: what the catalogue says of the code, with this case's figures. Pure. */
import { findingMaker, hostFindings } from "@holdfast/path";

export const hostFinding = findingMaker(hostFindings);

/** `12,345`. */
export function digits(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A round number at or above `count`, as people write limits: 1, 2 or 5 times a power of ten. */
export function roundUp(count: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, count)));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= count) ?? count;
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${digits(count)} ${count === 1 ? one : many}`;
