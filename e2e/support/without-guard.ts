/**
 * Loaded before an example, it takes the lines out that name `guard`, and nothing else: what runs is the service as it was before.
 * The lines stay empty, so that those after them keep their numbers.
 */
import { registerHooks } from "node:module";

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    if (!url.includes("/examples/guard/") || loaded.source === undefined || loaded.source === null) return loaded;
    const text = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: text.replaceAll(/^(?:import .*"@holdfast\/guard"|guard\().*$/gm, "") };
  },
});
