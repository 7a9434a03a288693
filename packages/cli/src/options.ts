/**
 * The settings that `serve` has beside those of the server and the engines; docs/options.md is made from them.
 */

interface OptionDoc {
  readonly default: string | boolean | number | readonly string[];
  readonly unit: string;
  readonly what: string;
}

/** Engines that `serve` can be told to use, the default first. */
export const engineNames = ["sqlite", "memory"] as const;
export type EngineName = (typeof engineNames)[number];

/** Decisions on whom to let in. */
export const authNames = ["anonymous", "jwt"] as const;
export type AuthName = (typeof authNames)[number];

/** Defaults and meaning. */
export const cliOptionDocs = {
  engine: { default: engineNames[0], unit: "name", what: `Where streams live that no policy names an engine for: ${engineNames.join(" or ")}` },
  data: { default: "./holdfast-data", unit: "folder", what: "The folder of the SQLite database; made when only it is missing" },
  page: { default: true, unit: "switch", what: "Show the page at `/` that follows this server, and on which its wire can be cut" },
  auth: {
    default: "",
    unit: "decision",
    what: "Whom to let in: `anonymous` (everybody, to everything) or `jwt` (who has a token). Must be given unless `host` is a loopback address",
  },
  jwtIssuer: { default: "", unit: "text", what: "Who issues tokens: `iss` must be this" },
  jwtAudience: { default: "", unit: "text", what: "Whom tokens are for: `aud` must name this" },
  jwtJwks: {
    default: "",
    unit: "address",
    what: "Where the issuer's public keys are, as a JWKS: an address or a file. One of this, `jwtKeyFile` and `jwtSecretFile`",
  },
  jwtKeyFile: { default: "", unit: "file", what: "The issuer's public key: PEM or JWK" },
  jwtSecretFile: { default: "", unit: "file", what: "A secret of 32 bytes or more that tokens are signed with (HS256)" },
  jwtAlgorithms: { default: [], unit: "algorithms", what: "What tokens may be signed by; by default whatever is asymmetric, and HS256 for a secret" },
  jwtClaim: {
    default: "holdfast",
    unit: "name",
    what: "The claim that holds `read`, `publish` and `close` as patterns of streams, in which `{sub}` stands for the subject",
  },
  jwtClockToleranceMs: { default: 30_000, unit: "ms", what: "How far the issuer's clock may differ; at most a minute" },
  ticketSecretFile: {
    default: "",
    unit: "file",
    what: "A secret of 32 bytes or more that tickets and cookies are signed with, the same on all nodes; without one a restart voids them",
  },
  path: {
    default: "",
    unit: "file",
    what: "A path file, as `holdfast plan` reads it: `role`, `proxyIdleMs`, `keepAliveMs`, `heartbeatMs` and, where it says how a deploy goes, the drain follow from it. What contradicts it is refused",
  },
  hop: { default: "", unit: "name", what: "The hop of `path` that this server is. Empty: the first that runs an application" },
  vitals: { default: true, unit: "switch", what: "Publish this machine's vital signs once a second as vitals/sockets, vitals/process and vitals/host" },
  admin: { default: true, unit: "switch", what: "Listen on a second port for `holdfast connections`, metrics and probes" },
  adminHost: { default: "127.0.0.1", unit: "address", what: "Where that port listens. Any other than a loopback address demands `adminTokenFile`" },
  adminPort: { default: 4151, unit: "port", what: "That port; 0 takes a free one, and so does the default where `port` is not 4150" },
  adminTokenFile: { default: "", unit: "file", what: "A file with the token that the admin port demands, at least 16 characters; empty: none" },
  doctorAgent: {
    default: false,
    unit: "switch",
    what: "Let `holdfast doctor` see this end of the path: an agent beneath `/.holdfast/doctor`, see docs/doctor-agent.md. For as long as it is needed",
  },
  doctorTokenFile: {
    default: "",
    unit: "file",
    what: "A file with the token that the agent demands, at least 16 characters; required unless `host` is a loopback address",
  },
  logConnections: { default: false, unit: "switch", what: "One line for each connection that ended: who, why, after how long, how silent" },
  logLinesPerSecond: { default: 100, unit: "lines per second", what: "Most of these lines; one more line says how many were left out" },
} as const satisfies Record<string, OptionDoc>;
