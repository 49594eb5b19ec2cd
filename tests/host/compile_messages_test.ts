// Messages of Bpf.compile() about wrong programs.
// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, BpfError, CompileError, UnsupportedError, VerifierError } from "../../mod.ts";
import { held } from "../support/leftovers.ts";

/** Returns the error that `run` throws. */
function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("Expected an error");
}

test("Bpf.compile() points at a syntax error", () => {
  const text = "int f(void *ctx) {\n\tint x = 1\n\treturn x;\n}\n";
  const error = failure(() => Bpf.compile(text, { name: "broken" }));
  assert.ok(error instanceof CompileError);
  assert.deepEqual([error.line, error.column], [2, 11]);
  assert.equal(
    error.message,
    `Cannot compile "broken": line 2, column 11: expected ';' at end of declaration
2 | \tint x = 1
  | \t         ^`,
  );
});

test("Bpf.compile() points at the user's line below a tracepoint's struct", () => {
  const text = `#include <linux/sched.h>
TRACEPOINT_PROBE(sched, sched_switch) {
  return 0;
}
int f(void *ctx) {
  return missing;
}`;
  const error = failure(() => Bpf.compile(text));
  assert.ok(error instanceof CompileError);
  assert.deepEqual([error.line, error.column], [6, 10]);
  assert.equal(
    error.message,
    `Cannot compile "program": line 6, column 10: use of undeclared identifier 'missing'
6 |   return missing;
  |          ^`,
  );
});

test("Bpf.compile() names a member that the kernel's struct does not have", () => {
  const text = `#include <linux/sched.h>
int f(void *ctx) {
  struct task_struct *t = (struct task_struct *)bpf_get_current_task();
  return t->no_such_member;
}`;
  const error = failure(() => Bpf.compile(text, { headers: "btf" }));
  assert.match(
    error.message,
    /line 4, column 13: no member named 'no_such_member' in 'struct task_struct'/,
  );
});

test("Bpf.compile() names a function that does not exist", () => {
  const error = failure(() => Bpf.compile("int f(void *ctx) { return no_such_function(1); }"));
  assert.ok(error instanceof CompileError);
  assert.match(error.message, /^Cannot compile "program": line 1, column 27: .*'no_such_function'/);
});

test("a program the verifier refuses is a VerifierError with the telling line", () => {
  const before = held();
  const text = `
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u64 *p = (u64 *)bpf_get_current_task();
  return *(volatile u64 *)(void *)0 != 0;
}
int refused(struct pt_regs *ctx) {
  char *p = 0;
  return *p;
}`;
  const error = failure(() => Bpf.compile(text, { name: "refused" }));
  assert.ok(error instanceof VerifierError);
  assert.match(error.message, /^Cannot load program "tracepoint__syscalls__sys_enter_getppid": /);
  assert.match(error.log, /processed \d+ insns/);
  assert.deepEqual(held(), before);
});

test("a VerifierError tells the user's line where libbcc has rewritten it", () => {
  const text = `BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u32 key = 1;
  u64 *first = counts.lookup(&key);
  if (!first)
    return 0;
  u64 *second = counts.lookup(&key); *second += *first;
  return 0;
}`;
  const error = failure(() => Bpf.compile(text));
  // Some kernels' logs have no line numbers: then the message quotes the line as libbcc rewrote it.
  const told = / @ main\.c:\d+$/m.test((error as VerifierError).log)
    ? 'line 7: "u64 *second = counts.lookup(&key); *second += *first;"'
    : '"u64 *second = bpf_map_lookup_elem(';
  assert.ok(
    error.message.includes(` invalid mem access 'map_value_or_null' at ${told}`),
    error.message,
  );
});

test("headers that are not there are named with the way to get them", () => {
  const text = "int f(void *ctx) { return 0; }";
  const error = failure(() => Bpf.compile(text, { headers: "/nonexistent" }));
  assert.ok(error instanceof UnsupportedError);
  assert.equal(
    error.message,
    'Cannot compile "program": "/nonexistent" holds no kernel headers: it has no ' +
      "include/linux/kconfig.h",
  );
});

test("a map the kernel refuses is named", () => {
  const error = failure(() =>
    Bpf.compile('BPF_TABLE("array", u64, u64, wide, 1);\nint f(void *ctx) { return 0; }')
  );
  assert.ok(error instanceof BpfError || error instanceof CompileError);
  assert.match(error.message, /wide/);
});
