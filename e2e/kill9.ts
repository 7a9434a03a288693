/**
 * Kill cycles without an end in sight: `node --conditions=source e2e/kill9.ts [--cycles 200] [--seed N] [--transport NAME]...`. Exits with 1 when anything is wrong.
 */
import { parseArgs } from "node:util";
import { judgeReport, summary } from "./support/cycle-report.ts";
import { runCycles } from "./support/cycles.ts";

const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "200" },
    seed: { type: "string" },
    transport: { type: "string", multiple: true, default: ["h2", "grpc", "websocket", "sse", "poll"] },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(values.seed);
const cycles = Number(values.cycles);
console.log(`seed ${seed}`);
const report = await runCycles({ cycles, seed, perSecond: 500, transports: values.transport, progress: (line) => console.log(line) });
for (const line of summary(report)) console.log(line);
const wrong = judgeReport(report, { tail: cycles * 2, page: cycles * 4, gap: cycles / 3, midFrame: cycles * 2 });
for (const line of wrong) console.error(`WRONG: ${line}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
