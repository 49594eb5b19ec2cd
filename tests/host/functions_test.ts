/** The library's lookups in this kernel: system calls, types, functions, CPUs. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import {
  enumHasValue,
  kernelFunctions,
  monotonicTime,
  onlineCpus,
  structHasField,
  syscallFunction,
  syscallName,
  syscallNumber,
  tracepoints,
} from "../../mod.ts";
import { requires } from "../support/requires.ts";

const HEADER_TEST = "syscallName() and syscallNumber() agree with the C library's header";
test(HEADER_TEST, { skip: requires(HEADER_TEST, "speed") }, () => {
  const { stdout } = spawnSync("gcc", ["-dM", "-E", "-include", "asm/unistd.h", "-"], {
    encoding: "utf8",
    input: "",
  });
  const numbers = [...stdout.matchAll(/^#define __NR_(\w+) (\d+)$/gm)];
  assert.ok(numbers.length > 250);
  for (const [, name, number] of numbers) {
    assert.equal(syscallName(Number(number)), name);
    assert.equal(syscallNumber(name!), Number(number));
  }
});

test("syscallName() knows what this kernel can trace", () => {
  const traced = tracepoints(/^syscalls\/sys_enter_/).map((name) => name.replace(/^.*enter_/, ""));
  assert.ok(traced.length > 250);
  // The kernel's functions for these calls have other names than the calls.
  const renamed = new Set(["newfstat", "newlstat", "newstat", "newuname", "sendfile64", "umount"]);
  const unknown = traced.filter((name) => syscallNumber(name) === undefined && !renamed.has(name));
  assert.deepEqual(unknown, []);
  assert.equal(syscallName(9999), undefined);
  assert.equal(syscallName(423), undefined);
  assert.equal(syscallNumber("nothing"), undefined);
});

test("syscallFunction() names a function of this kernel, whatever prefix is given", () => {
  const name = syscallFunction("getppid");
  assert.equal(syscallFunction("sys_getppid"), name);
  assert.equal(syscallFunction(name), name);
  assert.deepEqual(kernelFunctions(new RegExp(`^${name}$`)), [name]);
});

test("structHasField() looks into anonymous parts, and tells what is missing", () => {
  assert.deepEqual(structHasField("task_struct", "tgid"), { answer: "yes" });
  assert.deepEqual(structHasField("sk_buff", "next"), { answer: "yes" });
  assert.deepEqual(structHasField("task_struct", "nothing"), {
    answer: "no",
    reason: "struct task_struct has no field nothing",
  });
  assert.equal(
    structHasField("no_such_struct", "tgid").reason,
    "this kernel has no struct no_such_struct",
  );
});

test("enumHasValue() tells what is missing", () => {
  assert.deepEqual(enumHasValue("bpf_map_type", "BPF_MAP_TYPE_HASH"), { answer: "yes" });
  assert.equal(enumHasValue("bpf_map_type", "toString").answer, "no");
  assert.equal(enumHasValue("no_such_enum", "A").reason, "this kernel has no enum no_such_enum");
});

test("onlineCpus() and monotonicTime() tell of this machine", () => {
  assert.ok(onlineCpus().length >= availableParallelism());
  const before = monotonicTime();
  assert.ok(monotonicTime() >= before);
});
