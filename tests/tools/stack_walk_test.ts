import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires, skipped } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { chainOf, FRAMELESS, stackText, START, unwindProgram } from "../support/unwind.ts";
import { Folder } from "../support/workload.ts";

interface Row {
  readonly record: string;
  readonly total?: number;
  readonly count: number;
  readonly pid?: number;
  readonly user?: readonly string[];
}

/** User stacks of the program's calls, innermost frame first, with their counts. */
async function stacksOf(steps: readonly string[], args: readonly string[] = []) {
  await using program = await Script.of([unwindProgram(), ...steps]);
  const pid = String(program.pid);
  const event = "t:syscalls:sys_enter_getppid";
  await using tool = await startTool("stackcount", "--json", "-U", "-p", pid, ...args, event);
  await program.go();
  const result = await stopTool(tool);
  const rows = rowsOf<Row>(result);
  return { stacks: countsOf(rows), rows, result };
}

/** The counts by stack. */
function countsOf(rows: readonly Row[]): Record<string, number> {
  const stacks = rows.filter(({ record }) => record === "stack");
  return Object.fromEntries(stacks.map(({ user = [], count }) => [stackText(user), count]));
}

const chain = (depth: number) => chainOf("getppid;the_call", depth);

test("stacks of code without frame pointers are whole, at any depth", async () => {
  // Stacks of up to 126 frames.
  const depths = Array.from({ length: 120 }, (_, i) => i + 1);
  const { stacks, result } = await stacksOf(depths.map((depth) => `chain=${depth}`));
  assert.deepEqual(stacks, Object.fromEntries(depths.map((depth) => [chain(depth), 1])));
  assert.doesNotMatch(result.stderr, /truncated/);
});

test("stacks deeper than 127 frames are cut, and it is told", async () => {
  const { stacks, rows, result } = await stacksOf(["chain=126", "chain=500", "chain=3"]);
  const cut = `getppid;the_call;${"link_of_chain;".repeat(125)}`.slice(0, -1);
  assert.deepEqual(stacks, { [cut]: 2, [chain(3)]: 1 });
  assert.deepEqual(rows.filter(({ record }) => record === "truncated").map(({ total }) => total), [
    2,
  ]);
  assert.match(
    result.stderr,
    /truncated 2 of 3 user stacks so far: 2 because they were deeper than/,
  );
});

test("stacks are whole under whatever compilers, linkers and kernels put there", async () => {
  const names = ["signal", "altstack", "alloca", "aligned", "big", "sort", "assembly"];
  const counts = [2, 3, 5, 7, 11, 13, 17];
  const { stacks, result } = await stacksOf(names.map((name, i) => `${name}=${counts[i]}`));
  const under = (...frames: string[]) =>
    ["getppid", "the_call", ...frames, "once", START].join(";");
  const handled = under("on_signal", "__restore_rt", "touch", "raise_it");
  const sorted = Object.keys(stacks).find((stack) => stack.includes("qsort"));
  assert.match(sorted ?? "", /^getppid;the_call;compare;(msort_with_tmp[^;]*;)+qsort_r;once;main;/);
  assert.deepEqual(stacks, {
    [handled]: 2 + 3,
    [under("with_alloca")]: 5,
    [under("with_aligned")]: 7,
    [under("with_big")]: 11,
    [sorted!]: 13,
    [under("by_hand")]: 17,
  });
  assert.doesNotMatch(result.stderr, /truncated/);
});

test("stacks of coroutines on stacks of their own end where the coroutine began", async () => {
  const { stacks, result } = await stacksOf(["switch=5", "chain=2"]);
  assert.deepEqual(stacks, { "getppid;the_call;in_coroutine": 5, [chain(2)]: 1 });
  assert.doesNotMatch(result.stderr, /truncated/);
});

test("stacks of threads end where the thread began", async () => {
  const { stacks } = await stacksOf(["thread=5"]);
  assert.deepEqual(stacks, { "getppid;the_call;in_thread;start_thread;clone3": 5 });
});

test("stacks are whole in C++: destructors that exceptions run, handlers, coroutines, 32 threads", async () => {
  const program = buildProgram("exceptions.cc", FRAMELESS, ["-lstdc++"]);
  await using script = await Script.of([program]);
  const args = ["--json", "-U", "-p", String(script.pid), "t:syscalls:sys_enter_getppid"];
  await using tool = await startTool("stackcount", ...args);
  await script.go();
  const result = await stopTool(tool);
  const stacks: Record<string, number> = {};
  for (const { record, user = [], count } of rowsOf<Row>(result)) {
    if (record !== "stack") continue;
    // Compilers split rarely executed code into NAME.cold; frames of libraries depend on their
    // version.
    const names = user.map((name) => name.replace(/_alias_\d$|_impl$|\.cold$/, "")).join(";")
      .replace(/(in_thread);.*;start_thread;clone3$/, "$1;…;clone3")
      .replace(/(;coroutine);[^;]*$/, "$1;…");
    stacks[names] = (stacks[names] ?? 0) + count;
  }
  const under = (...frames: string[]) => ["getppid", "the_call", ...frames].join(";");
  const destroyed = (depth: number) =>
    under("Guard::~Guard()", ...Array<string>(depth).fill("thrower"), "catcher", START);
  assert.deepEqual(stacks, {
    [destroyed(3)]: 1,
    [destroyed(2)]: 1,
    [destroyed(1)]: 1,
    [under("catcher", START)]: 1,
    [under("rethrower", START)]: 2,
    [under(...Array<string>(4).fill("Derived::visit(int)"), "visitor", START)]: 1,
    [under("coroutine", "…")]: 2,
    [under("coroutines", START)]: 1,
    [under("in_thread", "…", "clone3")]: 32,
  });
  // __start_context has no caller, and the C library has no unwind information that says so.
  assert.match(result.stderr, /truncated 2 of 42 user stacks so far: 2 because they led nowhere/);
});

test("programs that begin while the tool runs have whole stacks once it has read their files", async () => {
  using folder = new Folder();
  await checkNewPrograms(folder.path);
});

const merged = "so have those on overlayfs, as in containers";
const noOverlay = /\toverlay$/m.test(readFileSync("/proc/filesystems", "utf8"))
  ? false
  : skipped(merged, "this kernel has no overlayfs");
test(merged, { skip: noOverlay }, async () => {
  using folder = new Folder();
  mkdirSync(`${folder.path}/merged`);
  const target = `${folder.path}/merged`;
  // On a tmpfs, because an overlay's upper folder cannot be on overlayfs, as the guests' root is.
  using _memory = mounted("tmpfs", "size=16m", target);
  for (const name of ["lower", "upper", "work"]) mkdirSync(`${target}/${name}`);
  const folders = `lowerdir=${target}/lower,upperdir=${target}/upper,workdir=${target}/work`;
  using _merged = mounted("overlay", folders, target);
  await checkNewPrograms(target);
});

/** Mounts a file system, until disposal. */
function mounted(type: string, options: string, target: string): Disposable {
  execFileSync("mount", ["-t", type, "-o", options, "ts-bcc-test", target]);
  return { [Symbol.dispose]: () => void execFileSync("umount", ["--lazy", target]) };
}

async function checkNewPrograms(folder: string): Promise<void> {
  const copy = `${folder}/copy`; // a file that no process has run before
  copyFileSync(unwindProgram(), copy);
  chmodSync(copy, 0o755);
  await using program = Running.start(["bash", "-c", `echo pid $$; read -r; exec ${copy}`]);
  let execs = 1;
  const waiting = () => program.find("stdout", new RegExp(`^(pid \\d+\n){${execs}}`));
  await waiting();
  const args = ["-i", "0.05", "--json", "-U", "-p", String(program.pid)];
  await using tool = await startTool("stackcount", ...args, "t:syscalls:sys_enter_getppid");
  program.send();
  const callInNext = async (depth: number) => {
    execs++;
    await waiting();
    program.send(`chain=${depth}`);
  };
  while (!tool.hasPrinted("stdout", /"the_call",("link_of_chain",){13}"main"/)) {
    await callInNext(13);
  }
  // Each exec loads the program at other addresses, and calls at once.
  for (const depth of [21, 22, 23]) await callInNext(depth);
  execs++;
  await waiting();
  program.send();
  assert.equal((await program.result).status, 0);
  const stacks = countsOf(rowsOf<Row>(await stopTool(tool)));
  for (const depth of [21, 22, 23]) assert.equal(stacks[chain(depth)], 1, JSON.stringify(stacks));
}

test("--stack-walk fp follows frame pointers, and misses callers where there are none", async () => {
  const { stacks } = await stacksOf(["chain=13"], ["--stack-walk", "fp"]);
  assert.ok(!Object.keys(stacks).includes(chain(13)), JSON.stringify(stacks));
});

/** The program's calls as trace shows them: counts by event and user stack. */
async function tracedStacks(steps: readonly string[], ...args: string[]) {
  await using program = await Script.of([unwindProgram(), ...steps]);
  await using tool = await startTool("trace", "--json", "-U", "-p", `${program.pid}`, ...args);
  await program.go();
  const result = await stopTool(tool);
  const calls = rowsOf<{ user: string[] }>(result).map(({ user }) =>
    user.map((name) => name.replace(/(_alias_\d|_impl)?\+0x.*$/, "")).join(";")
  );
  const stacks = Object.entries(Object.groupBy(calls, (call) => call));
  return { stacks: Object.fromEntries(stacks.map(([call, same]) => [call, same!.length])), result };
}

const GETPPID = "t:syscalls:sys_enter_getppid";

test("trace -U walks stacks without frame pointers, of tracepoints and of functions", async () => {
  const steps = ["chain=13", "signal=3", "aligned=2", "chain=200", "thread=1"];
  const { stacks, result } = await tracedStacks(steps, GETPPID, `${unwindProgram()}:the_call`);
  const expected = [
    [chain(13), 1],
    [`getppid;the_call;on_signal;__restore_rt;touch;raise_it;once;${START}`, 3],
    [`getppid;the_call;with_aligned;once;${START}`, 2],
    [`getppid;the_call;${"link_of_chain;".repeat(125)}`.slice(0, -1), 1],
    ["getppid;the_call;in_thread;start_thread;clone3", 1],
  ] as const;
  const entered = expected.map(([stack, count]) => {
    const deep = stack.endsWith("link_of_chain") ? ";link_of_chain" : "";
    return [stack.replace("getppid;", "") + deep, count] as const;
  });
  assert.deepEqual(stacks, Object.fromEntries([...expected, ...entered]));
  assert.match(result.stderr, /truncated 2 of 16 user stacks so far: 2 because they were deeper/);
});

test("trace -U --stack-walk fp follows frame pointers", async () => {
  const { stacks } = await tracedStacks(["chain=13"], "--stack-walk", "fp", GETPPID);
  assert.deepEqual(Object.keys(stacks).filter((stack) => stack.includes("link_of_chain")), []);
});

const full = "tables that find no room are told once, and what they are of goes by frame pointers";
test(full, { skip: requires(full, "speed") }, async () => {
  // libLLVM has 800,000 rows of unwind tables; one MiB holds 65,536.
  await using clang = Running.start(["clang", "-v", "-fsyntax-only", "-x", "c", "-"]);
  await clang.find("stderr", /version/);
  const args = ["-p", String(clang.pid), "--stack-memory", "1", "t:syscalls:sys_enter_read"];
  await using tool = await startTool("stackcount", ...args);
  const { stderr } = await stopTool(tool);
  assert.equal(stderr.match(/some stacks are walked by frame pointers/g)?.length, 1, stderr);
});
