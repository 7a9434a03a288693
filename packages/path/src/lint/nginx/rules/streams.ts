/**
 * What becomes of open streams: ended in silence, gathered, compressed.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { heartbeatFor } from "../../../ladder/heartbeat.ts";
import { type Carries, httpVersion, isBuffered } from "../carries.ts";
import type { Directive } from "../parser.ts";
import { type Case, distinct, nameOf, type Rule, report, told } from "../rule.ts";
import { held, heldList, isOn, isOwn, type Scope } from "../scope.ts";
import type { Way } from "../site.ts";
import { nginxTimeMs } from "../units.ts";
import { oldDefaults } from "./pool.ts";

const readDefaultMs = 60_000;
const names: Readonly<Partial<Record<Carries, string>>> = { websocket: "WebSockets", "event-stream": "event streams" };

export const streamTimeout: Rule = (given) =>
  given.site.ways.flatMap((way): Finding[] => {
    const { carries } = told(given, way);
    const what = names[carries];
    const directive = held(way.scope, "proxy_read_timeout");
    const ms = directive === null ? readDefaultMs : nginxTimeMs(directive.args[0]);
    if (what === undefined || ms === null) return [];
    const isMeant = directive !== null && isOwnOrAround(way.scope, directive);
    if (isMeant ? ms >= readDefaultMs : ms > readDefaultMs) return [];
    if (beatOf(given, way, carries) <= heartbeatFor(ms)) return [];
    const source = directive === null ? "the default" : isMeant ? "set here" : "inherited";
    return [
      report("nginx_stream_timeout", {
        title: `${what} of ${nameOf(way)} end after ${formatDuration(ms)} without a byte (proxy_read_timeout, ${source})`,
        place: directive !== null && isMeant ? directive.place : way.pass.place,
        related: directive === null || isMeant ? [] : [directive.place],
        advice: ["proxy_read_timeout 1h;", `or a heartbeat at least every ${formatDuration(Math.max(100, heartbeatFor(ms)))}`],
      }),
    ];
  });

/** Engine.io beats by itself, every 25 s unless told otherwise. */
const engineBeatMs = 25_000;

function beatOf({ beats }: Case, { path }: Way, carries: Carries): number {
  const said = carries === "websocket" || carries === "event-stream" ? beats[carries] : undefined;
  return said ?? (/(socket|engine)\\?\.io/.test(path) ? engineBeatMs : Number.POSITIVE_INFINITY);
}

/** Written in the location itself, or, for an `if` in it, in the location around. */
const isOwnOrAround = (scope: Scope, directive: Directive): boolean =>
  isOwn(scope, directive) || (scope.parent !== null && scope.parent.kind === "location" && isOwnOrAround(scope.parent, directive));

/** HTTP towards the backend by the old defaults where nobody said the version. */
const httpAtWorst = ({ judged }: Case, way: Way): string => httpVersion(way, judged.from === "assumed" ? oldDefaults : judged.version);

export const streamBuffered: Rule = (given) =>
  given.site.ways.flatMap((way): Finding[] => {
    const { carries, by } = told(given, way);
    if (carries !== "event-stream" || !isBuffered(way)) return [];
    const isOld = httpAtWorst(given, way) === "1.0";
    const how = isOld
      ? "and the backend is asked in HTTP/1.0: events are held until a buffer is full"
      : "which holds events back once something compresses them or the backend does not chunk";
    const severity = !isOld ? "info" : by === "path" || httpVersion(way, given.judged.version) !== "1.0" ? "warning" : "error";
    return [
      report("nginx_stream_buffered", {
        title: `${nameOf(way)} carries event streams with proxy_buffering on, ${how}`,
        place: held(way.scope, "proxy_buffering")?.place ?? way.pass.place,
        related: held(way.scope, "proxy_buffering") === null ? [] : [way.pass.place],
        advice: ["proxy_buffering off;", ...(isOld ? ["proxy_http_version 1.1;", 'proxy_set_header Connection "";'] : [])],
        severity,
      }),
    ];
  });

export const accelIgnored: Rule = (given) => {
  const found = given.site.ways.flatMap((way) => {
    const list = heldList(way.scope, "proxy_ignore_headers").find(({ args }) => args.some((arg) => arg.toLowerCase() === "x-accel-buffering"));
    return list === undefined || way.kind !== "proxy" || !isBuffered(way) ? [] : [{ way, list }];
  });
  return [...Map.groupBy(found, ({ list }) => list)].map(([list, ways]) =>
    report("nginx_accel_ignored", {
      title: `X-Accel-Buffering of the application is ignored, and buffering is on in ${ways.map(({ way }) => nameOf(way)).join(", ")}`,
      place: list.place,
      related: distinct(ways.map(({ way }) => way.pass.place)),
      advice: [
        ...(list.args.length > 1
          ? [`proxy_ignore_headers ${list.args.filter((arg) => arg.toLowerCase() !== "x-accel-buffering").join(" ")};`]
          : ["take the line out"]),
        "or proxy_buffering off; in the locations with streams",
      ],
    }),
  );
};

export const accelMisplaced: Rule = (given) => {
  const found = given.site.ways.flatMap((way) => {
    const header = heldList(way.scope, "add_header").find(({ args }) => args[0]?.toLowerCase() === "x-accel-buffering" && args[1] === "no");
    return header === undefined || way.kind !== "proxy" || !isBuffered(way) ? [] : [{ way, header }];
  });
  return [...Map.groupBy(found, ({ header }) => header)].map(([header, ways]) =>
    report("nginx_accel_misplaced", {
      title: "add_header X-Accel-Buffering goes to the user: this nginx goes on buffering",
      place: header.place,
      related: distinct(ways.map(({ way }) => way.pass.place)),
      advice: ["proxy_buffering off;"],
    }),
  );
};

const eventType = "text/event-stream";

export const streamCompressed: Rule = (given) => {
  const found = given.site.ways.flatMap((way) => {
    const types = held(way.scope, "gzip_types");
    if (way.kind !== "proxy" || types === null || !isOn(way.scope, "gzip", false) || !isBuffered(way)) return [];
    const isNamed = types.args.includes(eventType);
    const carries = told(given, way).carries === "event-stream";
    return isNamed || (carries && types.args.includes("*")) ? [{ way, types, carries }] : [];
  });
  return [...Map.groupBy(found, ({ types }) => types)].map(([types, all]): Finding => {
    // Where the types name event streams and no location does, any of them may carry one.
    const ways = all.some(({ carries }) => carries) ? all.filter(({ carries }) => carries) : all;
    return report("nginx_stream_compressed", {
      title: `gzip compresses event streams of ${ways.map(({ way }) => nameOf(way)).join(", ")} with buffering on, and keeps events until it has enough of them`,
      place: types.place,
      related: distinct(ways.map(({ way }) => way.pass.place)),
      advice: ["proxy_buffering off;", "gzip off;"],
    });
  });
};
