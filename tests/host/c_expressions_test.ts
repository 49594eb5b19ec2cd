// Not in guests: what expressions mean depends on no kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { compareExpressions, load, results } from "../support/c_expressions.ts";
import { requires } from "../support/requires.ts";

/** Seeds of expressions that were once compiled wrongly, and others. */
const SEEDS = [2291, 2852, ...Array.from({ length: 120 }, (_, i) => i + 1)];

const SAME = "expressions in C give what gcc's programs give";
test(SAME, { skip: requires(SAME, "speed") }, () => {
  assert.deepEqual(compareExpressions(SEEDS), []);
});

test("expressions in C read memory through pointers, structs and bit-fields", () => {
  const bytes = new Uint8Array(new ArrayBuffer(64));
  const view = new DataView(bytes.buffer);
  bytes.set([0x45, 0xfe, 3, 4, 5, 6, 7, 8]);
  view.setBigInt64(8, -3n, true);
  const text = new TextEncoder().encode("some text\0");
  bytes.set(text, 16);
  const address = runtime.addressOf(bytes);
  view.setBigUint64(32, address, true);
  const cases: [text: string, value: bigint][] = [
    ["((struct iphdr *)p)->ihl", 5n],
    ["((struct iphdr *)p)->version", 4n],
    ["((struct iphdr *)p)->tos == 0xfe", 1n],
    ["*(char *)(p + 1)", -2n],
    ["((unsigned char *)p)[1]", 254n],
    ["((short *)p)[i]", 0x0605n],
    ["*((short *)p + i - 1)", 0x0403n],
    ["((struct timespec64 *)p)->tv_nsec", -3n],
    ["((struct timespec64 *)(p + 8))[0].tv_sec", -3n],
    ["&((struct timespec64 *)p)->tv_nsec - (long *)p", 1n],
    ["(char *)&((struct timespec64 *)p)[i] - (char *)p", 32n],
    ["((struct list_head *)(p + 24))->prev->next == *(void **)p", 1n],
    ["((struct list_head *)(p + 40))->prev->next->prev == NULL", 1n],
    ["((struct list_head *)0)->next == 0", 1n],
    ['STRCMP("some text", p + 16)', 1n],
    ['STRCMP("some tex", p + 16)', 0n],
    ['STRCMP("some text!", p + 16)', 0n],
    ['!STRCMP("some", p + 16) && p', 1n],
    ["sizeof(struct timespec64) + sizeof *p", 17n],
    ["sizeof(((struct task_struct *)0)->comm)", 16n],
    ["IPPROTO_UDP", 17n],
    ["htons(0x1234) + ntohl(1)", 0x1003412n],
    ["p == 0 ? 7 : (char)0x180", -128n],
  ];
  using bpf = load(cases.map(([text]) => text), { p: "void *", i: "int" });
  const found = results(bpf, cases.length, [[address, 2n, 0n, 0n]]).map(([value]) => value);
  void bytes.length; // keeps `bytes` alive until the program has read it
  assert.deepEqual(
    cases.map(([text], i) => [text, BigInt.asIntN(64, found[i]!)]),
    cases,
  );
});
