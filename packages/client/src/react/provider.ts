/**
 * The provider: gives one client to the hooks below it.
 */
import { createContext, createElement, type FunctionComponent, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { type Client, type ClientOptions, connect, resolveOptions } from "../index.ts";
import { ClientSource } from "./client-source.ts";

/** Either a client of the application's, which stays the application's to close; or an address, whose client is made and closed here. */
export type HoldfastProviderProps = { readonly children?: ReactNode } & (
  | { readonly client: Client; readonly url?: never; readonly options?: never }
  | {
      /** As for `connect`. Another address or other options make another client. */
      readonly url: string;
      readonly options?: ClientOptions | undefined;
      readonly client?: never;
    }
);

const Context = createContext<ClientSource | null>(null);

interface Held {
  readonly key: unknown;
  readonly source: ClientSource;
}

function sourceFor({ client, url, options }: HoldfastProviderProps, key: unknown): Held {
  if (client !== undefined) return { key, source: new ClientSource(() => client, false) };
  resolveOptions(options); // A misspelt option is told where it was written, in the render.
  return { key, source: new ClientSource(() => connect(url, options), true) };
}

/**
 * Gives a client to `useStream`, `useStatus`, `usePublish` and `useHoldfast` below it. Nothing is dialled while rendering, on a server
 * never. Throws TypeError for an option that is not valid.
 */
export const HoldfastProvider: FunctionComponent<HoldfastProviderProps> = (props) => {
  const key = props.client ?? JSON.stringify([props.url, props.options]);
  const [state, setState] = useState<Held>(() => sourceFor(props, key));
  let held = state;
  if (held.key !== key) {
    held = sourceFor(props, key);
    setState(held);
  }
  const { source } = held;
  useEffect(() => source.hold(), [source]);
  return createElement(Context.Provider, { value: source }, props.children);
};

/** The source of the nearest provider. Throws outside of one. */
export function useClientSource(): ClientSource {
  const source = useContext(Context);
  if (source === null) throw new Error("Expected a HoldfastProvider above this component, got none");
  return source;
}

/** The client itself. Use it in effects and handlers; to read or publish while rendering would do it again with every render. */
export function useHoldfast(): Client {
  const source = useClientSource();
  return useSyncExternalStore(source.use, source.current, source.current);
}
