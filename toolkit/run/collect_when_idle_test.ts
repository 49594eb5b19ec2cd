import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectWhenIdle, FLOOD } from "./collect_when_idle.ts";

test("CollectWhenIdle collects once after a flood, not after fewer events or its end", async () => {
  const collected: string[] = [];
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  using few = new CollectWhenIdle(() => collected.push("few"));
  using ended = new CollectWhenIdle(() => collected.push("ended"));
  using flood = new CollectWhenIdle(() => collected.push("flood"));
  using last = new CollectWhenIdle(resolve);
  few.handled(FLOOD - 1);
  ended.handled(FLOOD);
  ended[Symbol.dispose]();
  flood.handled(FLOOD - 1);
  flood.handled(1);
  last.handled(FLOOD);
  // Its timer is the last of those that were set, all with the same delay.
  await isOver;
  assert.deepEqual(collected, ["flood"]);
  flood.handled(FLOOD - 1);
  const { promise: isOverAgain, resolve: resolveAgain } = Promise.withResolvers<void>();
  using again = new CollectWhenIdle(resolveAgain);
  again.handled(FLOOD);
  await isOverAgain;
  assert.deepEqual(collected, ["flood"]);
});

test("CollectWhenIdle waits until no more events come", async () => {
  let isQuiet = false;
  const { promise: quietWhenCollected, resolve } = Promise.withResolvers<boolean>();
  using flood = new CollectWhenIdle(() => resolve(isQuiet));
  flood.handled(FLOOD);
  // One more event, for which the first look must not collect: it comes before this test's timer.
  flood.handled(1);
  const timer = setTimeout(() => isQuiet = true, 100);
  assert.equal(await quietWhenCollected, true);
  clearTimeout(timer);
});
