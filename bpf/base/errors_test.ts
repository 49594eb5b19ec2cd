import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  BpfError,
  CompileError,
  ErrnoError,
  LayoutError,
  LibraryError,
  TsBccError,
  UnsupportedError,
  VerifierError,
} from "../../mod.ts";
import { summarizeLog } from "./errors.ts";

function goldenLog(name: string): string {
  const url = new URL(`../../tests/testdata/verifier/${name}.log`, import.meta.url);
  return readFileSync(url, "utf8");
}

/**
 * The summaries of what Linux 6.1 and 6.18 log for the programs in
 * tests/testdata/verifier/failures.bpf.c.
 */
const SUMMARIES: Readonly<Record<string, string>> = {
  "null_pointer-6.1": "R0 invalid mem access 'map_value_or_null' at \"return *number;\" " +
    "(14 more lines in the error's log)",
  "null_pointer-6.18": "R0 invalid mem access 'map_value_or_null' at " +
    '"return *number; @ failures.bpf.c:36" (14 more lines in the error\'s log)',
  "out_of_bounds-6.18": "R0 unbounded memory access, make sure to bounds check any such access " +
    'at "return table->cells[table->length]; @ failures.bpf.c:47" ' +
    "(19 more lines in the error's log)",
  "leak-6.1": 'Unreleased reference id=2 alloc_insn=4 at "if (bpf_get_prandom_u32() & 1)" ' +
    "(21 more lines in the error's log)",
  "leak-6.18": "BPF_EXIT instruction in main prog would lead to reference leak at " +
    '"if (bpf_get_prandom_u32() & 1) @ failures.bpf.c:68" (20 more lines in the error\'s log)',
  "wrong_helper-6.1":
    'unknown func bpf_xdp_adjust_head#44 at "return bpf_xdp_adjust_head(ctx, 4);" ' +
    "(5 more lines in the error's log)",
  "wrong_helper-6.18": "program of this type cannot use helper bpf_xdp_adjust_head#44 at " +
    '"return bpf_xdp_adjust_head(ctx, 4); @ failures.bpf.c:76" (5 more lines in the error\'s log)',
  "uninitialized-6.1": "invalid indirect read from stack R2 off -16+0 size 4 at " +
    '"bpf_map_update_elem(&tables, &name, &name, BPF_ANY);" (11 more lines in the error\'s log)',
  "endless-6.18": "The sequence of 8193 jumps is too complex at " +
    '"for (u64 i = bpf_ktime_get_ns(); i != 1; i = i & 1 ? 3 * i + 1 : i / 2) ' +
    "@ failures.bpf.c:55\" (30 more lines in the error's log)",
};

for (const [name, summary] of Object.entries(SUMMARIES)) {
  test(`summarizeLog() tells why: ${name}`, () => {
    assert.equal(summarizeLog(goldenLog(name)), summary);
  });
}

test("summarizeLog() says so when a log tells nothing", () => {
  const none = "the kernel gave no telling log";
  assert.equal(summarizeLog(""), none);
  assert.equal(summarizeLog("\n0: (95) exit\nprocessed 1 insns (limit 1000000)\n"), none);
});

test("summarizeLog() says what bpf_override_return needs", () => {
  for (const refused of ["unknown func", "program of this type cannot use helper"]) {
    const log = `0: (85) call bpf_override_return#58\n${refused} bpf_override_return#58\n`;
    assert.equal(
      summarizeLog(log),
      `${refused} bpf_override_return#58 (kprobes may, on a kernel built with ` +
        "CONFIG_BPF_KPROBE_OVERRIDE, at functions that allow error injection) " +
        "(1 more lines in the error's log)",
    );
  }
});

test("summarizeLog() keeps a complaint that runs into the statistics", () => {
  const log = "invalid type id 1 in func infoprocessed 0 insns (limit 1000000) peak_states 0\n";
  assert.equal(
    summarizeLog(log),
    "invalid type id 1 in func info (1 more lines in the error's log)",
  );
});

test("BpfError says what failed, why, and stays one line", () => {
  const error = new BpfError("load", 'load object "x"', 22, "section \n\x1b[2J");
  assert.equal(error.message, 'Cannot load object "x": Invalid argument (EINVAL): section  [2J');
  assert.deepEqual([error.op, error.errno, error.code], ["load", 22, "EINVAL"]);
  assert.equal(
    new BpfError("read", "read it", 2).message,
    "Cannot read it: No such file or directory (ENOENT)",
  );
});

test("UnsupportedError names the first kernel that has the feature", () => {
  assert.equal(
    new UnsupportedError("attach it", "kprobe", "there is none", "4.17").message,
    "Cannot attach it: there is none (needs Linux 4.17 or later)",
  );
});

test("VerifierError shows the summary and keeps the log to itself", () => {
  const log = goldenLog("leak-6.1");
  const error = new VerifierError("leak", 22, log);
  assert.equal(error.log, log);
  assert.equal(
    error.message,
    `Cannot load program "leak": Invalid argument (EINVAL): ${SUMMARIES["leak-6.1"]}`,
  );
  assert.ok(!Object.keys(error).includes("log"));
});

test("all errors have one ancestor, and a kind that tells them apart", () => {
  const errors = [
    new BpfError("read", 'read map "counts"', 2),
    new VerifierError("enter", 13, ""),
    new UnsupportedError("trace", "BTF", "there is none"),
    new CompileError("a text", "", "main.c:1:1: error: no"),
    new LayoutError("no"),
    new LibraryError("no"),
    new ErrnoError("open", 2),
  ];
  assert.ok(errors.every((error) => error instanceof TsBccError));
  assert.deepEqual(
    errors.map(({ kind, name }) => [kind, name]),
    [
      ["bpf", "BpfError"],
      ["verifier", "VerifierError"],
      ["unsupported", "UnsupportedError"],
      ["compile", "CompileError"],
      ["layout", "LayoutError"],
      ["library", "LibraryError"],
      ["system", "ErrnoError"],
    ],
  );
  // Runtimes print the enumerable fields of an uncaught error.
  assert.ok(errors.every((error) => !Object.keys(error).includes("kind")));
});
