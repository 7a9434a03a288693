/**
 * An event of the server as one line of log: for people, or one JSON object. Pure.
 * It must never show a payload, nor let a name or message act on a terminal.
 */
import { escapeJson, escapeLine } from "../escape.ts";

/** Something worth a line. `event` is a fixed word; the rest are facts about it. */
export interface LogEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

const textCharsMax = 256;

/** `09:30:00.123 listening url=http://127.0.0.1:4150`. The time is UTC. */
export function humanLine(event: LogEvent, wallMs: number): string {
  const facts = Object.entries(event)
    .filter(([name, fact]) => name !== "event" && fact !== undefined)
    .map(([name, fact]) => ` ${escapeLine(name)}=${humanFact(fact)}`);
  return `${timeOfDay(wallMs)} ${escapeLine(event.event)}${facts.join("")}\n`;
}

/** The same as one JSON object, `timeMs` first. */
export function jsonLine(event: LogEvent, wallMs: number): string {
  // Facts are made plain before they are written: a Buffer would otherwise write all its bytes by its own toJSON.
  const facts = Object.entries(event).map(([name, fact]) => [name, plainFact(fact)]);
  return `${escapeJson(JSON.stringify({ timeMs: wallMs, ...Object.fromEntries(facts) }))}\n`;
}

function timeOfDay(wallMs: number): string {
  const part = (unitMs: number, count: number, digits: number): string => String(Math.floor(wallMs / unitMs) % count).padStart(digits, "0");
  return `${part(3_600_000, 24, 2)}:${part(60_000, 60, 2)}:${part(1_000, 60, 2)}.${part(1, 1_000, 3)}`;
}

function humanFact(fact: unknown): string {
  const plain = plainFact(fact);
  if (typeof plain !== "string") return escapeLine(shorten(JSON.stringify(plain) ?? "undefined"));
  return /^[\w./:[\]@+-]+$/.test(plain) ? plain : escapeLine(JSON.stringify(plain));
}

/** A fact without bytes (which could be a payload) and without endless text. */
function plainFact(fact: unknown): unknown {
  if (fact instanceof Uint8Array) return `<${fact.length} bytes>`;
  if (fact instanceof Error) return shorten(fact.message);
  return typeof fact === "string" ? shorten(fact) : fact;
}

function shorten(text: string): string {
  return text.length <= textCharsMax ? text : `${text.slice(0, textCharsMax)}...`;
}
