import assert from "node:assert/strict";
import { test } from "node:test";
import { untilNextTimer, watchTimers } from "./timers.ts";

/** Blocks for this many milliseconds, without a turn of the event loop. */
function pass(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test("untilNextTimer() tells when the first timer is due, and forgets those that were cleared", () => {
  watchTimers();
  const [late, early] = [setTimeout(() => {}, 900), setTimeout(() => {}, 400)];
  const ms = untilNextTimer();
  assert.ok(ms <= 400, `${ms}`);
  clearTimeout(early);
  clearTimeout(late);
  assert.equal(untilNextTimer(), 1000);
});

test("untilNextTimer() does not forget a timer because the process had to wait for a CPU", async () => {
  watchTimers();
  const { promise, resolve } = Promise.withResolvers<string>();
  setTimeout(resolve, 1, "fired");
  pass(120);
  // Nothing is waited for until the timer has had turns to fire.
  assert.equal(untilNextTimer(), 0);
  assert.equal(untilNextTimer(), 0);
  assert.equal(await promise, "fired");
  assert.equal(untilNextTimer(), 1000);
});

test("untilNextTimer() waits for nothing while a call is put off to the next turn", async () => {
  watchTimers();
  const turn = new Promise((resolve) => setImmediate(resolve));
  assert.equal(untilNextTimer(), 0);
  await turn;
  clearImmediate(setImmediate(() => {}));
  assert.equal(untilNextTimer(), 1000);
});
