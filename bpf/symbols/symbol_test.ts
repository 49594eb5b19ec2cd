import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSymbol } from "./symbol.ts";

test("formatSymbol() writes a function, with offset and module when asked", () => {
  const symbol = { name: "vfs_read", offset: 28, module: undefined };
  assert.equal(formatSymbol(symbol, 1n), "vfs_read");
  assert.equal(formatSymbol(symbol, 1n, { offset: true, module: true }), "vfs_read+0x1c");
  const user = { name: "main", offset: 0, module: "/usr/bin/app" };
  assert.equal(formatSymbol(user, 1n, { module: true }), "main [app]");
  assert.equal(formatSymbol(user, 1n, { offset: true, module: true }), "main+0x0 [app]");
});

test("formatSymbol() always tells module and offset, or at least the address", () => {
  const place = { name: undefined, offset: 0x2a1f0, module: "/lib/libc.so.6" };
  assert.equal(formatSymbol(place, 1n), "[libc.so.6+0x2a1f0]");
  assert.equal(formatSymbol({ ...place, module: "[vdso]" }, 1n), "[vdso+0x2a1f0]");
  assert.equal(formatSymbol(undefined, 0xffff_8000_0000_0000n), "0xffff800000000000");
});
