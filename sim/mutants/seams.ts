/**
 * Seams with a fault in them. Each counts by itself which call it spoils, so that a seed replays.
 */
import type { Transport } from "@holdfast/client";
import type { AppendRequest, Carrier, Engine, Head } from "@holdfast/server";
import { instead, plainSeams, type Seams } from "../world/seams.ts";

const engineSeams = (engine: (real: Engine) => Engine): Seams => ({ ...plainSeams, engine });

/** One delivery in nine never reaches the wire. */
export function losesWrites(): Seams {
  let deliveries = 0;
  let losses = 0;
  // Never at an even pace: a poll that is repeated over as many entries would lose the same one for ever.
  let nextLoss = 9;
  const carrier = (real: Carrier): Carrier =>
    instead(real, {
      deliver: (bytes, stream, position) => {
        if (++deliveries < nextLoss) return real.deliver(bytes, stream, position);
        nextLoss += 5 + ((++losses) ** 2 % 11);
      },
    });
  return { ...plainSeams, carrier, hasFollowers: false };
}

/** One entry in three is handed over twice. */
export function doublesTexts(): Seams {
  let texts = 0;
  const transport = (real: Transport): Transport => ({
    ...real,
    dial: (target, handlers) =>
      real.dial(target, {
        ...handlers,
        onText: (text) => {
          handlers.onText(text);
          if (text.startsWith('{"type":"entry"') && !text.includes('"parts"') && ++texts % 3 === 0) handlers.onText(text);
        },
      }),
  });
  return { ...plainSeams, transport };
}

/** Answers at once with what the seq will probably be, and commits a little later. */
export function acknowledgesEarly(): Seams {
  return engineSeams((real) =>
    instead(real, {
      append: async (batch) => {
        void Promise.resolve()
          .then(() => real.head(batch[0]?.stream ?? ""))
          .then(() => real.append(batch));
        return batch.map(() => ({ ok: true as const, cursors: null, duplicate: false, head: 0 }));
      },
    }),
  );
}

const withoutProducer = ({ producer: _, ...rest }: AppendRequest): AppendRequest => rest;

export function ignoresProducers(): Seams {
  return engineSeams((real) => instead(real, { append: (batch) => real.append(batch.map(withoutProducer)) }));
}

/** From the second start on, the first request of each producer is taken as new. */
export function ignoresProducersAfterRestart(): Seams {
  let starts = 0;
  return engineSeams((real) => {
    const known = new Set<string>();
    const isLater = ++starts > 1;
    const strip = (request: AppendRequest): AppendRequest => {
      const id = `${request.producer?.id} ${request.stream}`;
      if (!isLater || request.producer === undefined || known.has(id)) return request;
      known.add(id);
      return withoutProducer(request);
    };
    return instead(real, { append: (batch) => real.append(batch.map(strip)) });
  });
}

const newestOnly = (head: Head | null): Head | null => (head === null ? null : { ...head, epochs: head.epochs.slice(-1) });

export function forgetsHistory(): Seams {
  return engineSeams((real) =>
    instead(real, {
      head: async (stream) => newestOnly(await real.head(stream)),
      read: async (stream, options) => {
        const result = await real.read(stream, options);
        return { ...result, head: newestOnly(result.head) };
      },
    }),
  );
}

export function skipsOnRead(): Seams {
  return engineSeams((real) =>
    instead(real, {
      read: (stream, options) => {
        const { from } = options;
        return real.read(stream, "last" in from || from.afterSeq === 0 ? options : { ...options, from: { afterSeq: from.afterSeq + 1 } });
      },
    }),
  );
}

/** One append in ten is committed and answered as refused for now, so that it comes again. */
export function keepsRefused(): Seams {
  let appends = 0;
  return engineSeams((real) =>
    instead(real, {
      append: async (batch) => {
        if (++appends % 10 !== 0) return real.append(batch);
        await real.append(batch.map(withoutProducer));
        return batch.map(() => ({ ok: false as const, code: "engine_busy" as const, message: "busy" }));
      },
    }),
  );
}
