/** nginx: its error log. The combined access log has no duration and no reason. */
import type { LogProduct } from "../event.ts";

const upstream = String.raw`(?:.*upstream: "(?:\w+:\/\/)?(?<where>[^"/]+))?`;
const phrase = (text: string): RegExp => new RegExp(`${text}${upstream}`);

export const nginxLog: LogProduct = {
  id: "nginx",
  name: "nginx",
  hint: /upstream|worker_connections|\(24: |\(99: |client prematurely|connect\(\) failed/,
  phrases: [
    { code: "log_worker_connections", pattern: /worker_connections are not enough/ },
    { code: "log_descriptors", pattern: /\(24: Too many open files\)/ },
    { code: "log_ports", pattern: phrase(String.raw`\(99: Cannot assign requested address\)`) },
    { code: "log_stream_cut", pattern: phrase(String.raw`upstream timed out \(110: [^)]+\) while (?:proxying upgraded connection|reading upstream)`) },
    {
      code: "log_upstream_timeout",
      pattern: phrase(String.raw`upstream timed out \(110: [^)]+\) while (?:reading response header from|sending request to|SSL handshaking)`),
    },
    { code: "log_upstream_unreachable", pattern: phrase(String.raw`upstream timed out \(110: [^)]+\) while connecting to upstream`) },
    { code: "log_upstream_closed_early", pattern: phrase("upstream prematurely closed connection while reading response header") },
    {
      code: "log_upstream_closed_early",
      pattern: phrase(String.raw`(?:recv|readv|send|writev)\(\) failed \((?:104|32): [^)]+\) while (?:reading response header|sending request)`),
    },
    { code: "log_stream_cut", pattern: phrase("upstream prematurely closed connection while (?:reading upstream|proxying upgraded)") },
    { code: "log_upstream_unreachable", pattern: phrase(String.raw`connect\(\) failed \(11[13]: `) },
    { code: "log_upstream_unreachable", pattern: /no live upstreams while connecting to upstream/ },
    { code: "log_client_left", pattern: /client prematurely closed connection/ },
  ],
};
