import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelSymbols } from "../../mod.ts";
import { KernelNames } from "./kernel_names.ts";

test("KernelNames reads the kernel's names once, also where they are hidden, and says so once", () => {
  let reads = 0;
  const names = new KernelNames(() => {
    reads++;
    return new KernelSymbols(new TextEncoder().encode("0000000000000000 T startup\n"));
  });
  assert.deepEqual(names.resolveStack([]), []);
  assert.equal(reads, 0);
  const said: unknown[] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => said.push(...words);
  try {
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(names.resolveStack([0xffffffff81000000n]), []);
      assert.equal(names.resolve(0xffffffff81000000n), undefined);
    }
  } finally {
    console.error = error;
  }
  assert.equal(reads, 1);
  assert.equal(said.length, 1);
  assert.match(String(said[0]), /^Cannot name kernel addresses: \/proc\/kallsyms hides them: /);
});
