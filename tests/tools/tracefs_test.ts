import assert from "node:assert/strict";
import { test } from "node:test";
import { requires } from "../support/requires.ts";
import { Running } from "../support/process.ts";
import { Script } from "../support/script.ts";
import {
  isolated,
  READY,
  rowsOf,
  stopTool,
  toolCommand,
  WITHOUT_TRACEFS,
} from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

interface Row {
  pid: number;
  path?: string;
  message?: string;
}

/** Starts a tool where tracefs is mounted nowhere. */
async function startUnmounted(name: string, ...args: string[]): Promise<Running> {
  const command = isolated(WITHOUT_TRACEFS, [...toolCommand(name), ...args]);
  const running = Running.start(command, READY);
  await running.find("stderr", /^ready$/m);
  return running;
}

test("opensnoop sees each open where tracefs is not mounted, and mounts nothing", async () => {
  using folder = new Folder();
  await using workload = await Workload.start(`missing=${folder.path}/gone:101`);
  await using running = await startUnmounted("opensnoop", "--json", "-p", String(workload.pid));
  const mounts = Running.start(["cat", `/proc/${running.pid}/mounts`]).result;
  assert.doesNotMatch((await mounts).stdout, /tracefs/);
  await workload.go();
  const rows = rowsOf<Row>(await stopTool(running));
  const ours = rows.filter(({ path }) => path?.startsWith(`${folder.path}/gone`));
  assert.deepEqual([ours.length, ours.every(({ pid }) => pid === workload.pid)], [101, true]);
});

const COMPILED = "trace reads a tracepoint's fields where tracefs is not mounted";
test(COMPILED, { skip: requires(COMPILED, "speed") }, async () => {
  await using command = await Script.start("exec /bin/true one");
  await using running = await startUnmounted(
    "trace",
    "--json",
    `t:sched:sched_process_exec ($tgid == ${command.pid}) "%d %d %s", args->pid, args->old_pid, args->filename`,
    `t:sched:sched_process_exec (args->pid == ${command.pid} && STRCMP("/bin/tru", args->filename)) "never"`,
  );
  await command.go();
  const rows = rowsOf<Row>(await stopTool(running)).filter(({ pid }) => pid === command.pid);
  assert.deepEqual(rows.map(({ message }) => message), [
    `${command.pid} ${command.pid} /bin/true`,
  ]);
});

test("tplist lists tracepoints where tracefs is not mounted", async () => {
  const command = isolated(WITHOUT_TRACEFS, [...toolCommand("tplist"), "sched:sched_swi*"]);
  const { status, stdout, stderr } = await Running.start(command).result;
  assert.deepEqual([status, stdout, stderr], [0, "sched:sched_switch\n", ""]);
});
