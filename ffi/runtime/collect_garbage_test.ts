import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { collectGarbage } from "./collect_garbage.ts";
import { runtime } from "./runtime.ts";

const OBJECTS = 1000;

/** Objects that nobody holds; the engine may find the address of one or another on the stack. */
const unheld = () => Array.from({ length: OBJECTS }, () => new WeakRef({}));

test("collectGarbage() frees what nobody holds, where the runtime offers it", async () => {
  const refs = unheld();
  const held = refs.map((ref) => ref.deref()).slice(0, 10);
  // What a WeakRef was asked for lives until the end of the turn.
  await setTimeout(1);
  collectGarbage();
  const alive = refs.filter((ref) => ref.deref() !== undefined).length;
  if (runtime.name === "bun") assert.ok(alive < OBJECTS / 2, `${alive} of ${OBJECTS} are alive`);
  assert.ok(held.every((object, i) => refs[i]!.deref() === object));
});
