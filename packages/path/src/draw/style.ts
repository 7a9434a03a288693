/**
 * Colours of the picture, for light and dark pages. No mark is told by its colour alone: broken ones carry a number, and what fires first is filled.
 */

const looks = {
  ok: { light: "#1a7f5a", dark: "#3fb58a" },
  error: { light: "#cf222e", dark: "#ff7b72" },
  warning: { light: "#9a6700", dark: "#d29922" },
  info: { light: "#57606a", dark: "#8d96a0" },
  box: { light: "#8250df", dark: "#bc8cff" },
  stream: { light: "#0969da", dark: "#58a6ff" },
  measured: { light: "#bc4c00", dark: "#f0883e" },
} as const;

const page = {
  light: { back: "#ffffff", text: "#1f2328", faint: "#57606a", line: "#d8dee4", body: "#eaeef2" },
  dark: { back: "#0d1117", text: "#e6edf3", faint: "#9198a1", line: "#2a3038", body: "#21262d" },
} as const;

function rules(shade: "light" | "dark"): string[] {
  const { back, text, faint, line, body } = page[shade];
  return [
    `.back { fill: ${back}; }`,
    `text { fill: ${text}; }`,
    `.faint { fill: ${faint}; }`,
    `.halo { stroke: ${back}; }`,
    `.grid { stroke: ${line}; }`,
    `.axis { stroke: ${faint}; }`,
    `.body { fill: ${body}; stroke: ${faint}; }`,
    `.badge text { fill: ${back}; font-weight: 600; font-size: 11px; }`,
    ...Object.entries(looks).flatMap(([name, { [shade]: colour }]) => [
      `text.${name} { fill: ${colour}; }`,
      `.line.${name} { stroke: ${colour}; }`,
      `.mark.${name} { fill: ${colour}; stroke: ${colour}; }`,
      `.open.${name} { fill: ${back}; stroke: ${colour}; }`,
      `.band.${name} { fill: ${colour}; }`,
      `.badge.${name} circle { fill: ${colour}; }`,
    ]),
  ];
}

export const style = [
  "text { font: 12px system-ui, sans-serif; }",
  ".title { font-weight: 600; font-size: 17px; }",
  ".head { font-weight: 600; font-size: 13px; }",
  ".strong { font-weight: 600; }",
  ".halo { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }",
  ".line { fill: none; stroke-width: 2.5px; }",
  ".thin { stroke-width: 1.2px; }",
  ".dashed { stroke-dasharray: 5 4; }",
  ".dotted { stroke-dasharray: 1 4; stroke-linecap: round; }",
  ".mark, .open { stroke-width: 2px; }",
  ".band { opacity: 0.16; }",
  ...rules("light"),
  "@media (prefers-color-scheme: dark) {",
  ...rules("dark").map((rule) => `  ${rule}`),
  "}",
].join("\n");
