/**
 * Runs an example by its name: `npm run example follow`. Without a name it lists them.
 */
import { readdirSync } from "node:fs";

const [name, ...rest] = process.argv.slice(2);
const inFolder = (folder: string): string[] =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".ts") && file !== "run.ts")
    .map((file) => `${folder.slice(2)}${file.slice(0, -".ts".length)}`);
const names = [...inFolder("./"), ...inFolder("./guard/")];
if (name === undefined || !names.includes(name)) {
  console.error(`Expected one of: ${names.join(", ")}`);
  process.exitCode = 2;
} else {
  process.argv = [...process.argv.slice(0, 2), ...rest];
  await import(new URL(`${name}.ts`, import.meta.url).href);
}
