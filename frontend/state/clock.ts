/**
 * The present minute, for times that are told relative to it.
 *
 * @module
 */
import { signal } from "@preact/signals";

/** Milliseconds since the epoch; moves on by itself. */
export const now = signal(Date.now());

setInterval(() => now.value = Date.now(), 30_000);
