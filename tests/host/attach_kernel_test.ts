/**
 * Hooks into kernel functions, which this machine's own kernel lacks: the guests run these.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { Bpf, i64, u64 } from "../../mod.ts";
import { buildObject } from "../support/build.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { type Feature, requires } from "../support/requires.ts";

const PROGRAMS = [
  "on_kprobe",
  "on_kretprobe",
  "on_kprobe_multi",
  "on_fentry",
  "on_fexit",
  "on_lsm",
  "on_module",
];

function load(program: string): Bpf {
  return Bpf.load(buildObject("hooks.bpf.c"), {
    name: "hooks",
    globals: { target_pid: process.pid },
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, name === program])),
  });
}

/** Attaches one program, makes `times` calls while it is attached, and 5 before and after. */
function counts(hook: string, feature: Feature, program: string, call: (times: number) => unknown) {
  const name = `attach ${hook}: counts exactly, and no more once detached`;
  test(name, { skip: requires(name, feature) }, () => {
    using bpf = load(program);
    const calls = bpf.global("calls", u64);
    call(5);
    const [link] = bpf.attach();
    call(101);
    link!.close();
    call(5);
    assert.equal(calls.value, 101n);
    if (program === "on_fexit") {
      assert.equal(bpf.global("last_result", i64).value, callGetpgid(1));
    }
  });
}

function openMany(times: number): void {
  for (let i = 0; i < times; i++) closeSync(openSync("/proc/self/status", "r"));
}

/** Makes and removes network devices of module `dummy`. */
function makeDevices(times: number): void {
  for (let i = 0; i < times; i++) {
    for (const verb of ["add", "del"]) {
      const { status, stderr } = spawnSync("ip", ["link", verb, "tsbcc0", "type", "dummy"], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
    }
  }
}

counts("kprobe", "kprobe", "on_kprobe", callGetppid);
counts("kretprobe", "kprobe", "on_kretprobe", callGetppid);
counts("kprobe-multi", "kprobeMulti", "on_kprobe_multi", callGetppid);
counts("fentry", "fentry", "on_fentry", callGetpgid);
counts("fexit", "fentry", "on_fexit", callGetpgid);
counts("LSM", "lsm", "on_lsm", openMany);

const inModule = "attach kprobe in module: counts exactly, and no more once detached";
test(inModule, { skip: requires(inModule, "modules") }, () => {
  assert.equal(spawnSync("modprobe", ["dummy"]).status, 0);
  using bpf = load("on_module");
  makeDevices(2);
  const [link] = bpf.attach();
  makeDevices(13);
  link!.close();
  makeDevices(2);
  assert.equal(bpf.global("calls", u64).value, 13n);
});
