/**
 * A token out of a file: on a command line it would stand in the list of processes and in the shell's history.
 */
import { readFileSync } from "node:fs";
import { bad, type Checked, good } from "../args.ts";

const bytesMax = 4_096;

/** The file's one line without the spaces around it. What is wrong is said without what stands in it. */
export function readToken(path: string): Checked<string> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    return bad(`cannot read the token: ${(thrown as Error).message}`);
  }
  const token = text.trim();
  if (text.length > bytesMax || !/^[!-~]+$/.test(token)) return bad(`expected one token in ${path}: visible ASCII characters, at most ${bytesMax}`);
  return good(token);
}

/** What stands in the file, without the spaces around it: any bytes that are text. */
export function readSecret(path: string): Checked<string> {
  try {
    return good(readFileSync(path, "utf8").trim());
  } catch (thrown) {
    return bad(`cannot read the secret: ${(thrown as Error).message}`);
  }
}
