/**
 * `@holdfast/guard`: the connections that a Node server accepts, managed.
 */
export {};
