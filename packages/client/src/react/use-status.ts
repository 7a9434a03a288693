/**
 * The status of the client as a hook.
 */
import { useSyncExternalStore } from "react";
import type { Status } from "../index.ts";
import { initialStatus } from "./client-source.ts";
import { useClientSource } from "./provider.ts";

const atFirst = (): Status => initialStatus;

/** What the client believes; renders again at most once per frame. On a server, and until it is known: `offline`, since 0. */
export function useStatus(): Status {
  const { status } = useClientSource();
  return useSyncExternalStore(status.subscribe, status.getSnapshot, atFirst);
}
