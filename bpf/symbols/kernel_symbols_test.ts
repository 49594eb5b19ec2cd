import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../../ffi/codec/mod.ts";
import { copyOf } from "../../ffi/libc/memory.ts";
import { UnsupportedError } from "../base/errors.ts";
import { KernelSymbols } from "./kernel_symbols.ts";

const table = (text: string) => new KernelSymbols(copyOf(encodeText(text)));

const TEXT = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup
ffffffff81000040 t inner
ffffffff82000000 D data
ffffffffc0500010 t late\t[zmod]
ffffffffc0400000 t early\t[amod]
ffffffff81000080 W weak
`;

test("KernelSymbols.resolve() finds the function an address lies in, whatever the order", () => {
  const symbols = table(TEXT);
  assert.equal(symbols.size, 6);
  const cases = [
    [0xffffffff81000000n, "_text", 0, undefined],
    [0xffffffff8100003fn, "_text", 0x3f, undefined],
    [0xffffffff81000040n, "inner", 0, undefined],
    [0xffffffff81000090n, "weak", 0x10, undefined],
    [0xffffffffc0400001n, "early", 1, "amod"],
    [0xffffffffc0500011n, "late", 1, "zmod"],
  ] as const;
  for (const [address, name, offset, module] of cases) {
    assert.deepEqual(symbols.resolve(address), { name, offset, module });
  }
  assert.equal(symbols.resolve(0xffffffff80ffffffn), undefined);
  assert.equal(symbols.resolve(0x1000n), undefined);
});

test("KernelSymbols.address() finds a function by its whole name and module", () => {
  const symbols = table(TEXT);
  assert.equal(symbols.address("inner"), 0xffffffff81000040n);
  assert.equal(symbols.address("startup"), 0xffffffff81000000n);
  assert.equal(symbols.address("late", "zmod"), 0xffffffffc0500010n);
  for (const name of ["inn", "innerr", "data", "late", "[zmod]"]) {
    assert.equal(symbols.address(name), undefined);
  }
  assert.equal(symbols.address("late", "amod"), undefined);
  assert.equal(symbols.address("late"), undefined);
  assert.deepEqual(["inner", "late", "lat"].map((name) => symbols.has(name)), [true, true, false]);
});

test("KernelSymbols grows with the table and reads a last line without its end", () => {
  const lines = Array.from({ length: 70001 }, (_, i) => {
    const address = (0xffff_8000_0000_0000n + BigInt(i) * 16n).toString(16);
    return `${address} T function_${i}`;
  });
  const symbols = table(lines.join("\n"));
  assert.equal(symbols.size, 70001);
  const last = 0xffff_8000_0000_0000n + 70000n * 16n;
  assert.deepEqual(symbols.resolve(last + 9n), {
    name: "function_70000",
    offset: 9,
    module: undefined,
  });
  assert.equal(symbols.address("function_70000"), last);
});

test("KernelSymbols says so when the kernel hides its addresses", () => {
  assert.throws(
    () => table("0000000000000000 T _text\n0000000000000000 t inner\n"),
    (error: Error) =>
      error instanceof UnsupportedError &&
      /^Cannot name kernel addresses: .* run as root/.test(error.message),
  );
});

test("KernelSymbols.resolveStack() looks in front of return addresses, not where an interrupt came", () => {
  const symbols = table(`ffffffff81000000 T handler
ffffffff81000040 T asm_sysvec_call
ffffffff81000080 T interrupted
ffffffff810000c0 T caller
ffffffff81000100 T behind
`);
  const stack = [
    0xffffffff81000000n, // exact: the innermost
    0xffffffff81000080n, // a return address: the call ends asm_sysvec_call
    0xffffffff81000080n, // exact: what was interrupted, before its first instruction
    0xffffffff81000100n, // a return address
    0x10n,
  ];
  assert.deepEqual(
    symbols.resolveStack(stack).map((symbol) => symbol && [symbol.name, symbol.offset]),
    [
      ["handler", 0],
      ["asm_sysvec_call", 0x40],
      ["interrupted", 0],
      ["caller", 0x40],
      undefined,
    ],
  );
  assert.deepEqual(symbols.resolveStack([]), []);
});
