/**
 * Shrinks the resident memory of a tool once it waits for events.
 *
 * @module
 */

import { releaseCode } from "../../plumbing.ts";

/** The time after the start at which the tool is expected to be waiting. */
const SETTLING_MS = 500;

/** Releases pages of code that only the start needed; not at once, since that takes time and the first events need some of them. */
export function settleLater(): Disposable {
  const timer = setTimeout(releaseCode, SETTLING_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
