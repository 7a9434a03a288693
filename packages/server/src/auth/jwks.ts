/**
 * A set of public keys that somebody else keeps and changes: loaded when it is first needed, again when it is old or lacks a key, never
 * more often than every half minute, and kept when it cannot be had. It must never forget good keys because their address is down.
 */
import { type Clock, HoldfastError } from "@holdfast/protocol";
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters, type JWTVerifyGetKey } from "jose";

/** Gets the set; rejects when it cannot be had. It bounds time and size itself. */
export type LoadKeys = () => Promise<JSONWebKeySet>;

/** After this a set is loaded again, behind the back of whoever asks. */
const staleMs = 600_000;
/** Least time between two loads: a token can name any key, and must not be a way to make this server ask. */
const cooldownMs = 30_000;
const keysMax = 100;

type Keys = ReturnType<typeof createLocalJWKSet>;

/** A source of keys for `jwtVerify`. */
export function keySet(load: LoadKeys, clock: Clock): JWTVerifyGetKey {
  let keys: Keys | null = null;
  let loadedMs = Number.NEGATIVE_INFINITY;
  let triedMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | null = null;
  const reload = async (): Promise<void> => {
    triedMs = clock.monoMs();
    const set = await load();
    if (!Array.isArray(set.keys) || set.keys.length === 0 || set.keys.length > keysMax) throw new TypeError(`expected a set of 1 to ${keysMax} keys`);
    keys = createLocalJWKSet(set);
    loadedMs = clock.monoMs();
  };
  const loaded = (): Promise<void> => {
    loading ??= reload().finally(() => {
      loading = null;
    });
    return loading;
  };
  return async (header: JWSHeaderParameters, input: FlattenedJWSInput) => {
    const mayLoad = (): boolean => loading !== null || clock.monoMs() - triedMs >= cooldownMs;
    if (keys === null) {
      // Whether there are keys is not known: that is no verdict about the token.
      if (!mayLoad()) throw new HoldfastError("overloaded", "the keys cannot be had", { afterMs: Math.round(cooldownMs - (clock.monoMs() - triedMs)) });
      await loaded().catch((cause: unknown) => {
        throw new HoldfastError("overloaded", "the keys cannot be had", { cause, afterMs: cooldownMs });
      });
    } else if (clock.monoMs() - loadedMs > staleMs && mayLoad()) {
      void loaded().catch(() => {}); // Those that are there go on being good.
    }
    try {
      return await (keys as unknown as Keys)(header, input);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey) || !mayLoad()) throw thrown;
      await loaded().catch(() => {});
      return await (keys as unknown as Keys)(header, input);
    }
  };
}
