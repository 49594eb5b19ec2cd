/**
 * Collecting garbage at a chosen time.
 *
 * @module
 */

import { runtime } from "./runtime.ts";

/** Collects all garbage now, and gives freed memory back to the kernel; under Deno, which offers no way, does nothing. */
export function collectGarbage(): void {
  runtime.collectGarbage?.();
}
