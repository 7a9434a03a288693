/** The products whose logs are known: a new one is a file here and a row below. The first that knows a line has it, so the particular stand first. */
import type { LogProduct } from "../event.ts";
import { albLog } from "./alb.ts";
import { envoyLog } from "./envoy.ts";
import { haproxyLog } from "./haproxy.ts";
import { kernelLog } from "./kernel.ts";
import { mysqlLog } from "./mysql.ts";
import { nginxLog } from "./nginx.ts";
import { nodeLog } from "./node.ts";
import { pgbouncerLog } from "./pgbouncer.ts";
import { postgresLog } from "./postgres.ts";
import { redisLog } from "./redis.ts";

export const logProducts: readonly LogProduct[] = [albLog, haproxyLog, nginxLog, envoyLog, kernelLog, pgbouncerLog, postgresLog, mysqlLog, redisLog, nodeLog];
