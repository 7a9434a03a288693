/** What happened to a client, counted: nothing is dropped, repeated or repaired without a trace here. */

export interface ClientCounters {
  /** Connections dialled, and links that the server welcomed. */
  dials: number;
  links: number;
  /** Probes sent, and links given up because nothing answered. */
  probes: number;
  lost: number;
  /** Messages that could not be read (the link is then replaced), of unknown types, and `error` messages of the server. */
  faults: number;
  unknown: number;
  errors: number;
  /** Entries that had been taken before. */
  duplicates: number;
  /** Times that an entry was missing: seen by its `prev`, and seen by the server's `sent` in a beat. Both were repaired by subscribing again. */
  holes: number;
  audits: number;
  /** Messages about a cursor, a subscription or a publish that is over. */
  late: number;
  gaps: number;
  /** Times a stream's queue was full. */
  cutbacks: number;
  /** Publishes sent, sent again, refused for now, refused for good, expired. */
  sent: number;
  resent: number;
  retried: number;
  refused: number;
  expired: number;
}

export function newCounters(): ClientCounters {
  return {
    dials: 0,
    links: 0,
    probes: 0,
    lost: 0,
    faults: 0,
    unknown: 0,
    errors: 0,
    duplicates: 0,
    holes: 0,
    audits: 0,
    late: 0,
    gaps: 0,
    cutbacks: 0,
    sent: 0,
    resent: 0,
    retried: 0,
    refused: 0,
    expired: 0,
  };
}
