/**
 * Standard input as chunks that are read only when asked for, so that a slow server is felt by whoever writes into the pipe.
 */

export interface Input {
  readonly isTerminal: boolean;
  chunks(): AsyncGenerator<Uint8Array>;
  /** Ends the chunks; what has not been read stays unread. */
  end(): void;
}

export function standardInput(): Input {
  let isEnded = false;
  return {
    isTerminal: process.stdin.isTTY === true,
    chunks: async function* () {
      try {
        for await (const chunk of process.stdin) yield chunk as Uint8Array;
      } catch (thrown) {
        // Ending the input on purpose looks like a broken one.
        if (!isEnded) throw thrown;
      }
    },
    end: () => {
      isEnded = true;
      process.stdin.destroy();
    },
  };
}
