import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { skipped } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { isolated, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/**
 * A script that attaches by section and by name, reads the trace pipe, lists tracepoints, and
 * prints the results.
 */
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
  mounted: [...mounts.matchAll(/^\\S+ (\\S+) tracefs /gm)].map(([, place]) => place),
  isAsBefore: mounts === readFileSync("/proc/self/mounts", "utf8"),
}));
try {
  bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_nothing");
} catch (error) {
  console.log(error.message);
}
`;

/**
 * The expected results, wherever tracefs is mounted, with the message about a missing tracepoint.
 */
const FOUND = {
  bySection: 101,
  byName: 7,
  listed: ["syscalls/sys_enter_getppid"],
  fields: true,
  there: "yes",
  missing: "no",
  line: null,
  isAsBefore: true,
};
const missing = (list: string) =>
  'Cannot attach program "on_call" to tracepoint syscalls/sys_enter_nothing: No such file or ' +
  "directory (ENOENT): this kernel has no tracepoint syscalls/sys_enter_nothing; " + list;

/** Runs the script after these preparations; `by` is a command that runs it. */
async function runScript(preparations: readonly string[], ...by: string[]) {
  using folder = new Folder();
  const script = `${folder.path}/script.ts`;
  writeFileSync(script, SCRIPT);
  const command = isolated(preparations, [...by, ...scriptCommand(script)]);
  return await Running.start(command).result;
}

test("tracepoints are found, attached and listed where tracefs is not mounted", async () => {
  const { status, stdout, stderr } = await runScript(WITHOUT_TRACEFS);
  assert.deepEqual([status, stderr], [0, ""]);
  const [found, message] = stdout.trim().split("\n");
  assert.deepEqual(JSON.parse(found!), { ...FOUND, mounted: [] });
  assert.equal(message, missing("tplist lists those there are"));
});

/** A command prefix that drops CAP_SYS_ADMIN: root that cannot mount. */
const WITHOUT_MOUNTING = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];

/** Debian's kernels then open perf events, which tracepoints are attached by, for CAP_SYS_ADMIN alone. */
const PARANOID = Number(readFileSync("/proc/sys/kernel/perf_event_paranoid", "utf8")) > 2;
const [paranoid, relaxed] = ["is 3", "is not 3"].map((is) =>
  `sysctl kernel.perf_event_paranoid ${is} here`
);

const oldPlace = "tracefs is found at its old place in debugfs, by who may mount none";
test(oldPlace, { skip: PARANOID && skipped(oldPlace, paranoid!) }, async () => {
  const place = "/sys/kernel/debug/tracing";
  const { status, stdout, stderr } = await runScript([
    ...WITHOUT_TRACEFS,
    // Kernels without CONFIG_TRACEFS_AUTOMOUNT_DEPRECATED have no such folder in debugfs.
    `mount -t tmpfs tmpfs ${place.slice(0, place.lastIndexOf("/"))} && mkdir ${place}`,
    `mount -t tracefs tracefs ${place}`,
  ], ...WITHOUT_MOUNTING);
  assert.deepEqual([status, stderr], [0, ""]);
  const [found, message] = stdout.trim().split("\n");
  assert.deepEqual(JSON.parse(found!), { ...FOUND, mounted: [place] });
  assert.equal(message, missing(`list them in ${place}/events`));
});

test("who may mount nothing is told that tracefs is mounted nowhere, and the fix", async () => {
  const { status, stdout, stderr } = await runScript(WITHOUT_TRACEFS, ...WITHOUT_MOUNTING);
  assert.deepEqual([status === 0, stdout], [false, ""]);
  assert.match(
    stderr,
    /tracefs is not mounted, and only a process with CAP_SYS_ADMIN does without: mount it with: mount -t tracefs nodev \/sys\/kernel\/tracing/,
  );
});

const toldWhy =
  "who lacks CAP_SYS_ADMIN is told that tracepoints take it at kernel.perf_event_paranoid 3";
test(toldWhy, { skip: !PARANOID && skipped(toldWhy, relaxed!) }, async () => {
  const { status, stdout, stderr } = await runScript([], ...WITHOUT_MOUNTING);
  assert.deepEqual([status === 0, stdout], [false, ""]);
  assert.match(
    stderr,
    /Permission denied \(EACCES\): this takes CAP_SYS_ADMIN .*, tracepoints too, while sysctl kernel\.perf_event_paranoid is 3: run it as root \(sudo\)/,
  );
});
