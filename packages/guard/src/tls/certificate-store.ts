/**
 * The certificate in use, and the decision whether what lies in the files takes its place. A pair that is half written, does not belong
 * together or has expired is refused and the old one stays. It reads nothing itself: files and keys are looked at by `CertificateSource`.
 */
import type { CertificateFacts, CertificateFault, Reload, TlsCounters, TlsNotice } from "./tls-front.ts";

/** The contents of the files, checked and ready for a TLS context. */
export interface LoadedPair {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | null;
  readonly facts: CertificateFacts;
}

/** Why the files cannot be used. */
export interface PairFault {
  readonly fault: CertificateFault;
  readonly message: string;
}

export interface CertificateSource {
  /** Changes whenever one of the files does; never fails. */
  stamp(): Promise<string>;
  load(): Promise<LoadedPair | PairFault>;
}

export interface StoreOptions {
  readonly reloadCheckMs: number;
  readonly expiryWarnMs: number;
}

export interface StoreEvents {
  /** Puts a pair to use; null, or why it cannot be. */
  use(pair: LoadedPair): PairFault | null;
  said(notice: TlsNotice): void;
}

/** Certificates of days are no reason to warn from their first hour on. */
const expiryShare = 1 / 3;

/** A certificate that cannot be used at start, when there is none to stay with. */
export class CertificateError extends Error {
  readonly code: CertificateFault;

  constructor({ fault, message }: PairFault) {
    super(`${fault}: ${message}`);
    this.name = "CertificateError";
    this.code = fault;
  }
}

export class CertificateStore {
  readonly #source: CertificateSource;
  readonly #options: StoreOptions;
  readonly #events: StoreEvents;
  readonly #counters: TlsCounters;
  #facts: CertificateFacts;
  #stamp: string;
  #checkedMs: number | null = null;
  #looking = false;
  #reloads: Promise<unknown> = Promise.resolve();
  #warned: "nothing" | "expires" | "expired" = "nothing";

  constructor(
    source: CertificateSource,
    first: { readonly pair: LoadedPair; readonly stamp: string },
    options: StoreOptions,
    events: StoreEvents,
    counters: TlsCounters,
  ) {
    this.#source = source;
    this.#options = options;
    this.#events = events;
    this.#counters = counters;
    this.#facts = first.pair.facts;
    this.#stamp = first.stamp;
    this.#saidLoaded();
  }

  get facts(): CertificateFacts {
    return this.#facts;
  }

  /** Looks at the files when it is time, and at the end of the certificate. Looking takes as long as the disk does; one look at a time. */
  check(nowMs: number, nowWallMs: number): void {
    this.#warn(nowWallMs);
    this.#checkedMs ??= nowMs;
    if (this.#looking || nowMs - this.#checkedMs < this.#options.reloadCheckMs) return;
    this.#checkedMs = nowMs;
    this.#looking = true;
    void this.#lookAgain(nowWallMs).finally(() => {
      this.#looking = false;
    });
  }

  async #lookAgain(nowWallMs: number): Promise<void> {
    const stamp = await this.#source.stamp();
    if (stamp !== this.#stamp) await this.reload(nowWallMs);
  }

  /** Reads the files and puts them to use if they are good. Reloads run one after the other, so the last one asked for decides. */
  reload(nowWallMs: number): Promise<Reload> {
    const run = this.#reloads.then(() => this.#reload(nowWallMs));
    this.#reloads = run;
    return run;
  }

  async #reload(nowWallMs: number): Promise<Reload> {
    // The stamp is taken before the files are read: what changes in between is then seen as a change at the next look.
    this.#stamp = await this.#source.stamp();
    const loaded = await this.#source.load();
    const fault = "fault" in loaded ? loaded : (this.#tooOld(loaded, nowWallMs) ?? this.#events.use(loaded));
    if (fault !== null || "fault" in loaded) return this.#refuse(fault ?? (loaded as PairFault));
    this.#counters.reloads++;
    this.#facts = loaded.facts;
    this.#warned = "nothing";
    this.#saidLoaded();
    this.#warn(nowWallMs);
    return { ok: true, certificate: loaded.facts };
  }

  /** An expired certificate is better than none at start, but does not replace one that is still good. */
  #tooOld({ facts }: LoadedPair, nowWallMs: number): PairFault | null {
    if (facts.notAfterMs > nowWallMs || this.#facts.notAfterMs <= nowWallMs) return null;
    return { fault: "certificate_expired", message: `the new certificate has expired at ${facts.notAfter}` };
  }

  #refuse({ fault, message }: PairFault): Reload {
    this.#counters.reloadsRefused++;
    this.#events.said({
      code: "certificate_refused",
      level: "error",
      message: `${fault}: ${message}; the certificate until ${this.#facts.notAfter} stays`,
    });
    return { ok: false, code: fault, message };
  }

  #saidLoaded(): void {
    const { subject, names, serial, notAfter } = this.#facts;
    const message = `${names ?? subject}, serial ${serial}, good until ${notAfter}`;
    this.#events.said({ code: "certificate_loaded", level: "info", message });
  }

  #warn(nowWallMs: number): void {
    const { notBeforeMs, notAfterMs, notAfter } = this.#facts;
    const leftMs = notAfterMs - nowWallMs;
    const warnMs = Math.min(this.#options.expiryWarnMs, (notAfterMs - notBeforeMs) * expiryShare);
    if (leftMs <= 0) {
      if (this.#warned === "expired") return;
      this.#warned = "expired";
      this.#events.said({ code: "certificate_expired", level: "error", message: `the certificate in use has expired at ${notAfter}` });
    } else if (leftMs < warnMs && this.#warned === "nothing") {
      this.#warned = "expires";
      this.#events.said({ code: "certificate_expires", level: "warn", message: `the certificate in use expires at ${notAfter}` });
    }
  }
}
