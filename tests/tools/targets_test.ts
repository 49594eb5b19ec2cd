/** Tools that trace one process or thread report if it does not exist, and end when it ends. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { tools } from "../../tools/list.ts";
import { buildProgram } from "../support/build.ts";
import { FunctionsProgram } from "../support/functions.ts";
import { HOOKS_ELSEWHERE } from "../support/hooks_elsewhere.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import type { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

/** A pid that no process can have: PID_MAX_LIMIT of include/linux/threads.h. */
const NOBODY = "4194304";

/**
 * Keys of options that select processes or threads; in some tools options of these names are flags.
 */
const KEYS = ["pid", "pids", "ppid", "tid", "tids"];
/** Tools that run with these options and no further arguments. */
const ALONE = ["biotop", "cachestat", "memleak", "offcputime", "offwaketime", "tplist"];
const samples: Readonly<Record<string, readonly string[]>> = {
  trace: ["t:sched:sched_process_exec"],
};

/**
 * A tool's arguments for these tests (false: it is left out), and its options that take a process
 * or thread.
 */
async function argumentsOf(name: string, load: (typeof tools)[keyof typeof tools]) {
  const { sample, options } = (await load()).default;
  const args = ALONE.includes(name) ? [] : samples[name] ?? sample ?? [];
  const words = Object.entries(options as Record<string, { long: string; meta?: string }>)
    .filter(([key, { meta }]) => KEYS.includes(key) && meta !== undefined)
    .map(([, { long }]) => `--${long}`);
  return { args, words };
}

for (const [name, load] of Object.entries(tools)) {
  const { args, words } = await argumentsOf(name, load);
  if (args === false || name in HOOKS_ELSEWHERE) continue;
  for (const word of words) {
    const title = `${name} ${word} of nobody is refused`;
    test(title, { skip: requires(title, "speed") }, async () => {
      const { status, stdout, stderr } = await runTool(name, word, NOBODY, ...args);
      assert.deepEqual([status, stdout], [1, ""], stderr);
      assert.match(
        stderr,
        new RegExp(`^${name}: Cannot [^\n]*${NOBODY}[^\n]* does not exist[^\n]*\n$`),
      );
    });
  }
  // tplist only lists, and ends at once.
  if (words.length === 0 || name === "tplist") continue;
  const title = `${name} ${words[0]} ends with the process`;
  test(title, { skip: requires(title, "speed") }, async () => {
    await using sleeper = Running.start(["sleep", "1000"]);
    const pid = String(sleeper.pid);
    await using running = await startTool(name, words[0]!, pid, ...args);
    sleeper.kill("SIGKILL");
    const told = new RegExp(`^${name}: process ${pid} ended`, "m");
    if (name === "tcplife") {
      await running.find("stderr", told);
      running.kill("SIGINT");
    }
    const { status, signal, stderr } = await running.result;
    assert.deepEqual([status, signal], [0, null], stderr);
    // exitsnoop may end by itself before it prints this message.
    if (name !== "exitsnoop") assert.match(stderr, told);
  });
}

test("opensnoop -p prints what a process did until it ended, and ends", async () => {
  using folder = new Folder();
  await using workload = await Workload.start(`create=${folder.path}/file:17`);
  await using running = await startTool("opensnoop", "--json", "-p", String(workload.pid));
  await workload.go();
  const { status, stdout, stderr } = await running.result;
  assert.equal(status, 0);
  assert.equal(stderr, `ready\nopensnoop: process ${workload.pid} ended\n`);
  const paths = stdout.split("\n").filter((line) => line.includes(folder.path));
  assert.equal(paths.length, 17);
});

test("profile -p ends when the last of several processes has ended", async () => {
  await using first = Running.start(["sleep", "1000"]);
  await using second = Running.start(["sleep", "1000"]);
  await using running = await startTool("profile", "-p", `${first.pid},${second.pid}`);
  first.kill("SIGKILL");
  await first.result;
  second.kill("SIGKILL");
  const { status, stderr } = await running.result;
  assert.equal(status, 0);
  assert.match(stderr, new RegExp(`^profile: processes ${first.pid}, ${second.pid} ended$`, "m"));
});

test("opensnoop -t ends with the thread", async () => {
  await using sleeper = Running.start(["sleep", "1000"]);
  await using running = await startTool("opensnoop", "-t", String(sleeper.pid));
  sleeper.kill("SIGKILL");
  assert.match((await running.result).stderr, new RegExp(`: thread ${sleeper.pid} ended\n$`));
});

test("opensnoop -p of a thread, and of a process that nobody has waited for, is refused", async () => {
  await using workload = await Workload.start("thread");
  const tid = await workload.goToThread();
  const thread = await runTool("opensnoop", "-p", String(tid));
  assert.deepEqual([thread.status, thread.stderr], [
    1,
    `opensnoop: Cannot trace process ${tid}: it is a thread of process ${workload.pid}\n`,
  ]);

  // tail, which replaces the shell, does not reap its child: that stays a zombie.
  const script = "sleep 1000 & echo $!; exec tail -f /dev/null";
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const pid = String(await new Promise((read) => parent.stdout.once("data", read))).trim();
    const read = (path: string) => readFileSync(`/proc/${path}`, "utf8");
    while (read(`${parent.pid}/comm`) !== "tail\n") await setTimeout(1);
    process.kill(Number(pid), "SIGKILL");
    while (!/^State:\tZ/m.test(read(`${pid}/status`))) await setTimeout(1);
    const ended = await runTool("opensnoop", "-p", pid);
    assert.deepEqual([ended.status, ended.stderr], [
      1,
      `opensnoop: Cannot trace process ${pid}: it has ended already\n`,
    ]);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("-p follows a process of the namespace of --pidns to its end", async () => {
  const command = ["unshare", "--pid", "--fork", "--kill-child", ...Workload.command()];
  await using inside = Running.start(command);
  assert.equal((await inside.find("stdout", /^pid (\d+)\n/))[1], "1");
  const child = readFileSync(`/proc/${inside.pid}/task/${inside.pid}/children`, "utf8").trim();
  await using running = await startTool("opensnoop", "--pidns", child, "-p", "1");
  inside.send();
  const { status, stderr } = await running.result;
  assert.deepEqual([status, stderr], [0, "ready\nopensnoop: process 1 ended\n"]);
});

/** Replaces a program by another file of the same name, as an upgrade does. */
function replace(path: string): void {
  copyFileSync(buildProgram("calls.c"), `${path}.new`);
  renameSync(`${path}.new`, path);
}

for (const how of ["its path", "a link"]) {
  test(`funccount -p PID of a program that was replaced counts what runs, by ${how}`, async () => {
    using program = new FunctionsProgram();
    using folder = new Folder();
    const link = join(folder.path, "link");
    symlinkSync(program.path, link);
    await using script: Script = await program.start();
    replace(program.path);
    const path = how === "a link" ? link : program.path;
    const pid = String(script.pid);
    await using running = await startTool("funccount", "--json", "-p", pid, `${path}:calls_*`);
    await script.go();
    const rows = rowsOf<{ func: string; count: number }>(await stopTool(running));
    assert.deepEqual(
      rows.filter((row) => "func" in row).map(({ func, count }) => [func, count]).sort(),
      [["calls_2", 2], ["calls_3", 3], ["calls_5", 5]],
    );
  });
}

test("a FIFO in the place of a file is refused at once, in one sentence", async () => {
  using folder = new Folder();
  const path = `${folder.path}/fifo`;
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  for (const [tool, ...args] of [["funccount", `${path}:*`], ["tplist", "-l", path]] as const) {
    const { status, stdout, stderr } = await runTool(tool, ...args);
    assert.notEqual(status, 0, tool);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^${tool}: .*fifo.*regular file`), stderr);
  }
});
