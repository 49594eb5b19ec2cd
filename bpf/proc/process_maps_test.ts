import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory, rangeOf } from "./process_maps.ts";

const range = (start: bigint, path: string, since: number) =>
  rangeOf({
    start,
    end: start + 0x1000n,
    offset: 0,
    device: "fe:01",
    inode: path === "//anon" ? "0" : "7",
    path,
    since,
  });

test("Memory tells what was mapped at an address at a time", () => {
  const memory = new Memory(() => [range(0x1000n, "/lib/first.so", 0)]);
  memory.add(range(0x1000n, "/lib/second.so (deleted)", 50));
  const at = (address: bigint, time?: number) => memory.rangeAt(address, time)?.path;
  assert.deepEqual(
    [at(0x1000n, 10), at(0x1fffn, 49), at(0x1000n, 50), at(0x1000n)],
    ["/lib/first.so", "/lib/first.so", "/lib/second.so", "/lib/second.so"],
  );
  assert.deepEqual([at(0xfffn), at(0x2000n)], [undefined, undefined]);
  // Sampled on another CPU at the time it was mapped.
  memory.add(range(0x9000n, "/lib/third.so", 90));
  assert.equal(at(0x9000n, 89), "/lib/third.so");
});

test("Memory keeps a range once that is mapped over and over", () => {
  const memory = new Memory();
  for (let time = 0; time < 1000; time++) memory.add(range(0x1000n, "//anon", time));
  assert.deepEqual(memory.ranges.map(({ file, path, since }) => [file, path, since]), [
    [undefined, "", 0],
  ]);
});
