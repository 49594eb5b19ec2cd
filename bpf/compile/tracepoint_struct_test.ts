import assert from "node:assert/strict";
import { test } from "node:test";
import type { CType } from "../../ffi/codec/codec.ts";
import { structOf } from "./tracepoint_struct.ts";

/** Fields of a format file, each as a line `type name offset size signed`. */
const fields = (...lines: string[]) =>
  lines.map((line) => {
    const [, type, name, offset, size, signed] = /^(.*) (\S+) (\d+) (\d+) ([01])$/.exec(line)!;
    const [at, bytes] = [Number(offset), Number(size)];
    return { type: type!, name: name!, offset: at, size: bytes, signed: signed === "1" };
  });

const int = (bytes: 1 | 2 | 4 | 8, signed: boolean): CType => ({
  kind: "int",
  bytes,
  signed,
  name: "int",
});
const TYPES: Record<string, CType> = {
  int: int(4, true),
  __u32: int(4, false),
  pid_t: int(4, true),
  xfs_agnumber_t: int(4, false),
  "enum xfs_group_type": int(4, false),
  "enum landlock_rule_type": int(4, false),
};
const struct = (...lines: string[]) =>
  structOf("tracepoint__a__b", fields(...lines), (name) => TYPES[name]);

test("structOf() puts each field where the kernel has it", () => {
  assert.equal(
    struct(
      "__data_loc char[] filename 8 4 1",
      "pid_t pid 12 4 1",
      "const char * text 24 8 0",
      "char comm[16] 32 16 0",
      "struct list_head list 56 16 0",
      "__data_loc cpumask_t cpumask 72 4 0",
    ),
    "struct tracepoint__a__b { char __pad_0[8]; u32 data_loc_filename; s32 pid; char __pad_16[8]; " +
      "const char * text; char comm[16]; char __pad_48[8]; char list[16]; u32 data_loc_cpumask; };",
  );
});

test("structOf() takes enums in one byte, as xfs has, for what they are", () => {
  assert.equal(
    struct(
      "dev_t dev 8 4 0",
      "enum xfs_group_type type 12 1 0",
      "xfs_agnumber_t agno 16 4 0",
      "int refcount 20 4 1",
    ),
    "struct tracepoint__a__b { char __pad_0[8]; u32 dev; u8 type; char __pad_13[3]; u32 agno; " +
      "s32 refcount; };",
  );
});

test("structOf() reads the four bytes of a system call's argument in its eight", () => {
  assert.equal(
    struct(
      "int __syscall_nr 8 4 1",
      "const int ruleset_fd 16 8 0",
      "const enum landlock_rule_type rule_type 24 8 0",
      "const void *const rule_attr 32 8 0",
      "const __u32 flags 40 8 0",
    ),
    "struct tracepoint__a__b { char __pad_0[8]; s32 __syscall_nr; char __pad_12[4]; " +
      "s32 ruleset_fd; char __pad_20[4]; u32 rule_type; char __pad_28[4]; u64 rule_attr; " +
      "u32 flags; char __pad_44[4]; };",
  );
});
