/**
 * `option http-buffer-request` holds a request back until its body is there: right against slow posts, fatal for calls that stream both ways.
 */
import { backendsOf, optionOf } from "../config.ts";
import { distinct, type HaproxyRule, haproxyFinding, list } from "../rule.ts";
import { hintsGrpc } from "../traffic.ts";

export const bodyAwaited: HaproxyRule = ({ config }) => {
  const found = config.proxies
    .filter(({ mode }) => mode === "http")
    .flatMap((proxy) => {
      const setting = optionOf(proxy, "http-buffer-request");
      return setting === null ? [] : [{ proxy, setting }];
    });
  return distinct(found).map(({ setting, proxies }) => {
    const streams = proxies.some((proxy) => hintsGrpc(proxy, config) || backendsOf(proxy, config).some((each) => hintsGrpc(each, config)));
    return haproxyFinding("haproxy_body_awaited", {
      title: streams
        ? `\`option http-buffer-request\` holds back calls that stream from the client through ${list(proxies)}`
        : `\`option http-buffer-request\` lets no body through ${list(proxies)} as it comes`,
      ...(streams ? {} : { severity: "info" as const }),
      hop: "haproxy",
      place: setting.line.place,
      advice: ["In the backend that streams: no option http-buffer-request", "Against slow headers: timeout http-request 10s"],
    });
  });
};
