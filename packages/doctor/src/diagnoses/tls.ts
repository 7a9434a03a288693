/** What TLS shows: certificates that end, versions that are outdated, sessions that are not resumed. */
import type { Diagnosis } from "./diagnosis.ts";
import { probeFinding } from "./words.ts";

const dayMs = 86_400_000;
const warnDays = 21;
const errorDays = 3;

export const certificate: Diagnosis = ({ tls, startedWallMs, url }) => {
  if (!tls.known) return [];
  const { chain, nameFault, trustFault } = tls.value;
  const bad = [nameFault, trustFault].filter((fault) => fault !== null);
  const expiring = chain.flatMap(({ subject, issuer, validToWallMs }) => {
    const days = Math.floor((validToWallMs - startedWallMs) / dayMs);
    if (!(days < warnDays)) return [];
    return [
      probeFinding("certificate_expiring", {
        title: days < 0 ? `The certificate of ${subject} ended ${-days} days ago` : `The certificate of ${subject} ends in ${days} days`,
        severity: days < errorDays ? "error" : "warning",
        evidence: [`${subject}, issued by ${issuer}`],
        advice: ["Renew it, and see that the process serves the new one."],
      }),
    ];
  });
  if (bad.length === 0) return expiring;
  const finding = probeFinding("certificate_bad", {
    title: `The certificate is not good for ${new URL(url).host}`,
    evidence: [...bad, `sent: ${chain.map(({ subject, issuer }) => `${subject} (by ${issuer})`).join(", ")}`],
    advice: ["Send the whole chain, with a certificate that names the host; give a private authority's certificate with --ca."],
  });
  return [finding, ...expiring];
};

export const tlsVersion: Diagnosis = ({ tls, http }) => {
  if (!tls.known) return [];
  const { version, alpn } = tls.value;
  const old = /^(?:SSL|TLSv1(?:\.1)?$)/.test(version);
  return [
    ...(old ? [probeFinding("tls_old", { title: `${version} is the best that is offered`, evidence: [`${version}, ${tls.value.cipher}`] })] : []),
    ...(alpn !== "h2" && http.known ? [probeFinding("http1_only", { title: `ALPN agreed on ${alpn ?? "nothing"}, though HTTP/2 was offered` })] : []),
  ];
};

export const resumption: Diagnosis = (facts) => {
  if (!facts.resumption.known) return [];
  const { reconnects, resumed, sessions } = facts.resumption.value;
  if (sessions === 0) return [probeFinding("resumption_off", { title: "The server gives no session to resume" })];
  // One miss may be the rotation of a key.
  if (reconnects === 0 || resumed >= reconnects - 1) return [];
  const share = resumed === 0 ? "none" : `about one in ${Math.round(reconnects / resumed)}`;
  return [
    probeFinding("resumption_partial", {
      title: `${resumed} of ${reconnects} reconnects resumed their session (${share})`,
      evidence: [
        resumed === 0
          ? "sessions are given, and none is taken"
          : `as with ${Math.max(2, Math.round(reconnects / resumed))} replicas that have ticket keys of their own`,
      ],
      advice: ["nginx: the same `ssl_session_ticket_key` on all replicas, and `ssl_session_cache shared:SSL:10m`."],
    }),
  ];
};
