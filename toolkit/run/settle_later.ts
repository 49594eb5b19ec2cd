/**
 * What a program that waits for events lets go of when it has started.
 *
 * @module
 */

import { releaseCode } from "../../plumbing.ts";

/** How long after its start a program may be taken to be waiting. */
const SETTLING_MS = 500;

/** Lets go of the code that only the start needed: later, as that takes time and what comes first needs some of it. */
export function settleLater(): Disposable {
  const timer = setTimeout(releaseCode, SETTLING_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
