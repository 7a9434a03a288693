/**
 * A request's phases as a bar of characters, and all requests on one axis of time. Pure.
 */
import type { Phases } from "@holdfast/pool";
import { type Exchange, type PhaseName, phaseNames, phaseOf } from "./run.ts";

/** How a phase looks: a character where there is no colour, and a colour of its own (256 colours) where there is. */
export const looks: Readonly<
  Record<PhaseName, { readonly label: string; readonly char: string; readonly colour: number; readonly light: string; readonly dark: string }>
> = {
  queue: { label: "queue", char: "┄", colour: 244, light: "#8c959f", dark: "#6e7681" },
  dns: { label: "DNS", char: "░", colour: 37, light: "#1b7c83", dark: "#39c5cf" },
  tcp: { label: "TCP", char: "▒", colour: 172, light: "#bc4c00", dark: "#f0883e" },
  tls: { label: "TLS", char: "▓", colour: 133, light: "#8250df", dark: "#bc8cff" },
  wait: { label: "wait", char: "━", colour: 35, light: "#1a7f5a", dark: "#3fb58a" },
  body: { label: "body", char: "█", colour: 33, light: "#0969da", dark: "#58a6ff" },
};

/** One phase's piece of a bar, in characters. */
export interface Piece {
  readonly phase: PhaseName;
  readonly chars: number;
}

/**
 * The bar of one request, where `longestMs` are `charsMax` characters. Ends are rounded, not lengths, so that the pieces add up; a
 * request is never nothing.
 */
export function piecesOf(phases: Phases, longestMs: number, charsMax: number): Piece[] {
  const pieces: Piece[] = [];
  let untilMs = 0;
  let drawn = 0;
  for (const phase of phaseNames) {
    untilMs += phaseOf(phases, phase) ?? 0;
    const end = longestMs > 0 ? Math.min(charsMax, Math.round((untilMs / longestMs) * charsMax)) : 0;
    if (end > drawn) pieces.push({ phase, chars: end - drawn });
    drawn = Math.max(drawn, end);
  }
  return drawn === 0 ? [{ phase: "wait", chars: 1 }] : pieces;
}

/** Where an exchange begins on an axis from which the time is left out in which nothing was under way. */
export interface Placed {
  readonly exchange: Exchange;
  readonly atMs: number;
}

/** Places exchanges, in order of their beginning. `lengthMs` is that of the axis. */
export function squeeze(exchanges: readonly Exchange[]): { readonly placed: readonly Placed[]; readonly lengthMs: number; readonly leftOutMs: number } {
  let busyUntilMs = 0;
  let leftOutMs = 0;
  const placed = exchanges
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((exchange) => {
      if (exchange.startMs > busyUntilMs) leftOutMs += exchange.startMs - busyUntilMs;
      busyUntilMs = Math.max(busyUntilMs, exchange.endMs);
      return { exchange, atMs: exchange.startMs - leftOutMs };
    });
  return { placed, lengthMs: busyUntilMs - leftOutMs, leftOutMs };
}
