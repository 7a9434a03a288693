/**
 * Holdfast for React: streams, status and publishing as hooks. Renders on servers, and under StrictMode.
 */
"use client";

export { HoldfastProvider, type HoldfastProviderProps, useHoldfast } from "./provider.ts";
export { type Publisher, type PublishResult, usePublish } from "./use-publish.ts";
export { useStatus } from "./use-status.ts";
export { type ReducedStream, type StreamReduceOptions, type StreamWindow, type StreamWindowOptions, useStream } from "./use-stream.ts";
