import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { isolated, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** Counts by section and by name, reads the trace pipe and lists; prints what it found. */
const SCRIPT = `
import { readFileSync } from "node:fs";
import { hasTracepoint, TracePipe, tracepointFields, tracepoints, u64 } from "${PROJECT}mod.ts";
import { callGetppid, loadLibraryObject } from "${PROJECT}tests/support/calls.ts";

const mounts = readFileSync("/proc/self/mounts", "utf8");
using bpf = loadLibraryObject();
const calls = bpf.global("calls", u64);
callGetppid(5);
{
  const [link] = bpf.attach();
  callGetppid(101);
  link.close();
}
callGetppid(5);
const bySection = Number(calls.value);
{
  using link = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
  callGetppid(7);
}
const byName = Number(calls.value) - bySection;
using pipe = new TracePipe();
console.log(JSON.stringify({
  bySection,
  byName,
  listed: tracepoints(/^syscalls\\/sys_enter_getppid$/),
  fields: tracepointFields("sched/sched_process_exit").length > 0,
  there: hasTracepoint("syscalls", "sys_enter_getppid").answer,
  missing: hasTracepoint("syscalls", "sys_enter_nothing").answer,
  line: pipe.readLine() ?? null,
  isUnmounted: !/ tracefs /.test(mounts) && mounts === readFileSync("/proc/self/mounts", "utf8"),
}));
try {
  bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_nothing");
} catch (error) {
  console.log(error.message);
}
`;

test("tracepoints are found, attached and listed where tracefs is not mounted", async () => {
  using folder = new Folder();
  const script = `${folder.path}/script.ts`;
  writeFileSync(script, SCRIPT);
  const { status, stdout, stderr } = await Running.start(
    isolated(WITHOUT_TRACEFS, scriptCommand(script)),
  ).result;
  assert.deepEqual([status, stderr], [0, ""]);
  const [found, message] = stdout.trim().split("\n");
  assert.deepEqual(JSON.parse(found!), {
    bySection: 101,
    byName: 7,
    listed: ["syscalls/sys_enter_getppid"],
    fields: true,
    there: "yes",
    missing: "no",
    line: null,
    isUnmounted: true,
  });
  assert.equal(
    message,
    'Cannot attach program "on_call" to tracepoint syscalls/sys_enter_nothing: No such file or ' +
      "directory (ENOENT): this kernel has no tracepoint syscalls/sys_enter_nothing; tplist lists " +
      "those there are",
  );
});
