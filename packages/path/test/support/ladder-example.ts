/**
 * The path of docs/ladder.svg: a common one, with the defaults of its products. As a program it writes the picture.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DeclaredPath, planPath } from "@holdfast/path";
import { drawLadder } from "@holdfast/path/draw";

export const ladderExample: DeclaredPath = {
  hops: [
    { name: "chrome", product: "chrome", values: {} },
    { name: "cloudflare", product: "cloudflare", values: {} },
    { name: "alb", product: "aws-alb", values: {} },
    { name: "edge", product: "nginx", values: {}, replicas: 2, processes: 4 },
    { name: "app", product: "node", values: {}, replicas: 6 },
    { name: "pg", product: "node-postgres", values: {} },
    { name: "pgbouncer", product: "pgbouncer", values: {} },
    { name: "nat", product: "aws-nat-gateway", values: {} },
    { name: "postgres", product: "postgres", values: {} },
  ],
};

if (process.argv[1] === import.meta.filename) {
  writeFileSync(fileURLToPath(new URL("../../../../docs/ladder.svg", import.meta.url)), drawLadder(planPath(ladderExample)));
}
