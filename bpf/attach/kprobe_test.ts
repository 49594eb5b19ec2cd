import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attachable } from "./attachment.ts";
import { attachKprobe, attachKretprobe } from "./kprobe.ts";

test("attachKprobe() and attachKretprobe() refuse for many functions what one has", () => {
  const program = { name: "on" } as Attachable;
  const refused = (option: string, kind: string) => ({
    name: "TypeError",
    message: `Cannot attach program "on" to ${kind}s by pattern or list with ${option}: it needs ` +
      "one function's name",
  });
  for (const many of [/^vfs_/, ["vfs_read", "vfs_write"]]) {
    assert.throws(() => attachKprobe(program, many, { offset: 4 }), refused("offset", "kprobe"));
    assert.throws(
      () => attachKretprobe(program, many, { maxActive: 7 }),
      refused("maxActive", "kretprobe"),
    );
  }
});
