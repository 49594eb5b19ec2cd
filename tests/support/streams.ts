/**
 * Checks streams of events that calls of getppid(2) produce.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { EventStream } from "../../mod.ts";
import { callGetppid } from "./calls.ts";

const EVENTS = 101;

/**
 * Checks that iterating a stream gives events in order as they arrive, and that `break` closes the
 * stream.
 */
export async function iteratesAsTheyCome(
  stream: EventStream<{ readonly sequence: number }>,
): Promise<void> {
  const timer = setInterval(() => callGetppid(3), 1);
  let next = 0;
  for await (const event of stream) {
    assert.equal(event.sequence, next++);
    if (next === EVENTS) break;
  }
  clearInterval(timer);
  assert.equal(await stream.wait(), false);
}
