import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { stacksProgram, startStacks } from "../support/stacks.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { buildUsdt, UsdtProcess } from "../support/usdt.ts";

interface Row {
  pid: number;
  comm: string;
  func: string;
  message: string;
  values: (string | number)[];
  kernel?: string[];
  user?: string[];
}

const program = () => buildProgram("arguments.c");

/** With -I libbcc compiles the probes. */
const WITH_LIBBCC = ["-I", "linux/pid.h"];

/** Messages by function, sorted: probes at one location run in no fixed order. */
function byFunction(rows: readonly Row[]): Record<string, string[]> {
  const messages: Record<string, string[]> = {};
  for (const { func, message } of rows) (messages[func] ??= []).push(message);
  for (const list of Object.values(messages)) list.sort();
  return messages;
}

const PRINTS =
  "trace prints the arguments of functions, tracepoints and USDT probes, and filters them";
test(PRINTS, { skip: requires(PRINTS, "speed") }, async () => {
  const path = program();
  await using target = await Script.of([path]);
  await using other = await Script.of([path]);
  await using usdt = await UsdtProcess.start();
  await using command = await Script.start("exec /bin/true one two");
  const mine = `$tgid == ${target.pid}`;
  const probes = [
    `${path}:take (${mine}) "%hhd %hu %d %llu [%s] %c%%", arg1, arg2, arg3, arg4, arg5, 'x'`,
    `p:${path}:take(char a, int b, int c, long d, char *text) (STRCMP("plain", text) && ${mine}) "same %s", text`,
    `${path}:take (STRCMP("plai", arg5) || STRCMP("plainer", arg5)) "never"`,
    `${path}:take (((struct timespec64 *)arg6)->tv_sec == 2 && ${mine}) "%ld", ((struct timespec64 *)arg6)->tv_nsec`,
    `r:${path}:take ((long)retval < 0 && ${mine}) "%lx", retval`,
    `l:${path}:negate (arg1 == 3 && ${mine}) "%5u|%-5d|%05x", arg1, arg1, arg1`,
    `r:${path}:negate ((int)retval == -4 && ${mine}) "%lld %d", (unsigned)retval, retval`,
    `${path}:marked+1 (${mine}) "%U", ctx->ip`,
    `${path}:factorial (${mine})`,
    `t:sched:sched_process_exec ($tgid == ${command.pid}) "%d %s", args->pid, $task->comm`,
    `t:sched:sched_process_exec (STRCMP("/bin/true", args->filename) && $tgid == ${command.pid}) "of %s", args->filename`,
    't:sched:sched_process_exec (STRCMP("/bin/tru", args->filename)) "never"',
    `u:${buildUsdt()}:test:text ($tgid == ${usdt.pid}) "%s", arg1`,
    `u:${buildUsdt()}:widths (arg1 == -101 && arg3 < 0) "%d %d %d %u", arg1, arg2, arg5, arg6`,
    `u:${buildUsdt()}:twelve (arg7 == 7) "never"`,
  ];
  await using running = await startTool("trace", "--json", ...probes);
  await using compiled = await startTool("trace", "--json", ...WITH_LIBBCC, ...probes);
  await target.go();
  await other.go();
  await command.go();
  await usdt.fire(7);
  const pids = [target.pid, command.pid, usdt.pid];
  for (const tool of [running, compiled]) {
    const rows = rowsOf<Row>(await stopTool(tool));
    assert.deepEqual(byFunction(rows.filter(({ pid }) => pids.includes(pid))), {
      take: [
        "-1 60001 -2000000001 18000000000000000001 [plain] x%",
        "-103 3 3 9007199254740993 [\\x1b[2J\\xff] x%",
        "-22",
        '100 2 2000000002 2 [quoted "it"\n] x%',
        "f9ccd8a1c5080001",
        "same plain",
      ],
      negate: [3, 3, 4, 4].map((n) => n === 3 ? "    3|3    |00003" : "4294967292 -4"),
      marked: [`marked+0x1 [${path.split("/").at(-1)}]`],
      factorial: ["", "", "", ""],
      sched_process_exec: [`${command.pid} true`, "of /bin/true"],
      "test:text": Array(7).fill("hello, probe"),
      widths: Array(7).fill("-101 201 -2000000001 4000000001"),
    });
    const first = rows.find(({ values }) => values.length === 6)!;
    assert.deepEqual([first.comm, first.values.slice(0, 3)], ["tests-support-a", [
      -1,
      60001,
      -2000000001,
    ]]);
    assert.ok(rows.every(({ pid }) => pid !== other.pid));
  }
});

const STACKS = "trace -K -U -a prints stacks, of a process that has ended too";
test(STACKS, { skip: requires(STACKS, "speed") }, async () => {
  await using target = await startStacks(["child=nap=3:1000"]);
  const path = stacksProgram();
  await using running = await startTool(
    "trace",
    ...["-U", "-K", "-a", "-t", "-C"],
    `${path}:inner_nap "%lu us", arg1`,
    't:syscalls:sys_enter_nanosleep (STRCMP("stacks", $task->comm))',
  );
  const child = Number(/^child (\d+)$/m.exec(await target.go())![1]);
  const { stdout } = await stopTool(running);
  const file = path.split("/").at(-1)!;
  const hex = "[\\da-f]+";
  const frame = (name: string) => ` {8}[ \\da-f]{16} ${name}\n`;
  assert.match(stdout, /^TIME {5}CPU PID {5}TID {5}COMM {12}FUNC {13}-\n/);
  const called = `\\d+\\.\\d+ +\\d+ +${child} +${child} +stacks {9} inner_nap {8}1000 us\n` +
    `(?: {8}[ \\da-f]{16} .* \\[kernel\\]\n)*` +
    frame(`inner_nap\\+0x${hex} \\[${file}\\]`) + frame(`outer_nap\\+0x${hex} \\[${file}\\]`) +
    frame(`main\\+0x${hex} \\[${file}\\]`) + "(?: {8}.*\n)*\n";
  assert.equal([...stdout.matchAll(new RegExp(called, "g"))].length, 3);
  const system = `${child} +stacks {9} sys_enter_nanosleep \n` +
    `(?: {8}.* \\[kernel\\]\n)+` + frame(`inner_nap\\+0x${hex} \\[${file}\\]`);
  assert.equal([...stdout.matchAll(new RegExp(system, "g"))].length, 3, stdout);
});

const FILTERS = "trace shows only whom the filters by user, name, cgroup and message let through";
test(FILTERS, { skip: requires(FILTERS, "speed") }, async () => {
  const path = program();
  using cgroup = new TestCgroup("trace");
  const asUser = ["setpriv", "--reuid=64321", "--regid=64321", "--clear-groups"];
  const start = (name: string, user = asUser) => Script.of([...user, path, name]);
  await using wanted = await start("xtsbcc-tracex");
  await using otherName = await start("xtsbcc-tracx");
  await using otherUser = await start("xtsbcc-tracex", []);
  await using otherCgroup = await start("xtsbcc-tracex");
  for (const { pid } of [wanted, otherName, otherUser]) cgroup.add(pid);
  await using running = await startTool(
    "trace",
    ...["-n", "tsbcc-trace", "--uid", "64321", "-c", cgroup.path, "-f", "3 !", "-T"],
    `${path}:negate "%d !", arg1`,
  );
  for (const each of [otherName, otherUser, otherCgroup, wanted]) await each.go();
  const { stdout } = await stopTool(running);
  const id = String(wanted.pid).padEnd(7);
  const row = `\\d\\d:\\d\\d:\\d\\d ${id} ${id} xtsbcc-tracex {3}negate {11}3 !\n`;
  assert.match(stdout, new RegExp(`^TIME {5}PID {5}TID {5}COMM {12}FUNC {13}-\n(${row}){2}$`));
});

const LIMITS =
  "trace -p and -L trace one process or thread, -m so much of each probe, -M with -A counts";
test(LIMITS, { skip: requires(LIMITS, "speed") }, async () => {
  const path = program();
  await using target = await Script.of([path]);
  await using other = await Script.of([path]);
  const probes = [`${path}:negate "%d", arg1`, `${path}:take`];
  await using byProcess = await startTool(
    "trace",
    ...["-p", String(target.pid), "-A", "-M", "13", "-K"],
    `${path}:negate "%d", arg1`,
  );
  await using byThread = await startTool("trace", "-L", String(target.pid), "-m", "2", ...probes);
  await other.go();
  await target.go();
  const ids = `${target.pid} +${target.pid} +tests-support-a`;
  const { stdout: counted } = await byProcess.result;
  const counts = [
    ...counted.matchAll(
      new RegExp(`^${ids} negate {11}(\\d)\n(?: {8}.*\n)*-->COUNT (\\d)\n\n`, "gm"),
    ),
  ];
  assert.deepEqual(counts.map(([, number, count]) => `${number} ${count}`).sort(), [
    "0 3",
    "1 3",
    "2 3",
    "3 2",
    "4 2",
  ]);
  const { stdout: four } = await byThread.result;
  assert.match(
    four,
    new RegExp(`^PID.*-\n(${ids} take {13}\n){2}${ids} negate {11}0\n${ids} negate {11}1\n$`),
  );
});

const KERNEL = "trace prints kernel functions' arguments and results";
test(KERNEL, { skip: requires(KERNEL, "kprobe") }, async () => {
  const path = program();
  await using calls = await Script.of([buildProgram("calls.c"), "getpgid=7", "missing=5"]);
  await using other = await Script.of([buildProgram("calls.c"), "getpgid=11"]);
  await using reader = await Script.start("read -r name </etc/hostname");
  await using command = await Script.start("exec /bin/true");
  await using target = await Script.of([path]);
  await using usdt = await UsdtProcess.start();
  const [mine, reads] = [calls, reader].map(({ pid }) => `$tgid == ${pid}`);
  await using running = await startTool(
    "trace",
    ...["--json", "-K", "-U"],
    `sys_getpgid (arg1 == 0 && ${mine}) "%d", arg1`,
    `p::__x64_sys_getpgid(int pid) (pid != 0 && ${mine}) "%d %K", pid, ctx->ip`,
    `r::__x64_sys_getpgid ((int)retval == -3 && ${mine}) "%ld", retval`,
    `t:syscalls:sys_enter_getpgid (args->pid == 0 && ${mine}) "%d", args->pid`,
    `t:sched:sched_process_exec (STRCMP("/bin/true", args->filename) && $tgid == ${command.pid}) "%s", args->filename`,
    `do_sys_openat2(int dfd, const char __user *name) (STRCMP("/etc/hostname", name) && ${reads}) "%s", name`,
    `do_sys_openat2 (STRCMP("/etc/host", arg2@user) && ${reads}) "never"`,
    `vfs_read(struct file *file) (STRCMP("hostname", file->f_path.dentry->d_name.name) && ${reads}) "%s", file->f_path.dentry->d_name.name`,
    `${path}:take ($tgid == ${target.pid}) "%hhd [%s] %ld", arg1, arg5, ((struct timespec64 *)arg6)->tv_nsec`,
    `u:${buildUsdt()}:test:text ($tgid == ${usdt.pid}) "%s", arg1`,
  );
  await other.go();
  await calls.go();
  await reader.go();
  await command.go();
  await target.go();
  await usdt.fire(3);
  const rows = rowsOf<Row>(await stopTool(running));
  const { vfs_read: [file], ...found } = byFunction(rows) as Record<string, string[]> & {
    vfs_read: string[];
  };
  assert.equal(file, "hostname");
  found.__x64_sys_getpgid = found.__x64_sys_getpgid!.map((text) => text.replace(/\+0x\w+$/, "+"));
  assert.deepEqual(found, {
    sys_getpgid: Array(7).fill("0"),
    __x64_sys_getpgid: [...Array(5).fill("-3"), ...Array(5).fill("2147483647 __x64_sys_getpgid+")],
    sys_enter_getpgid: Array(7).fill("0"),
    sched_process_exec: ["/bin/true"],
    do_sys_openat2: ["/etc/hostname"],
    take: ["-1 [plain] -11", "-103 [\\x1b[2J\\xff] -33", '100 [quoted "it"\n] -22'],
    "test:text": Array(3).fill("hello, probe"),
  });
  const { kernel, user } = rows.find(({ func }) => func === "do_sys_openat2")!;
  assert.match(kernel![0]!, /^do_sys_openat2\+0x\w+ \[kernel\]$/);
  assert.match(user![0]!, /\[libc\.so\.6\]$/);
});

const SHOWN = "trace shows a mistake under the probe, whoever finds it";
test(SHOWN, { skip: requires(SHOWN, "speed") }, async () => {
  const path = program();
  const cases: [probe: string, at: number, reason: string, ...options: string[]][] = [
    [`u:${buildUsdt()}:twice (arg2)`, 0, "there is no arg2 here: arg1 only"],
    ["c:malloc (arg1 > $task->nothing)", 24, "this does not compile: no member named 'nothing' in"],
    ['c:malloc (arg1) "%d", f(arg1)', 22, "this does not compile: use of undeclared function 'f'"],
    [`${path}:take(struct nothing x) (arg1)`, 0, "this does not compile: "],
    ["t:sched:sched_switch (*args)", 22, "this does not compile: invalid argument type"],
    ['c:malloc "%d", *$task', 15, "this does not compile: operand of type 'struct task_struct'"],
    [
      "c:malloc (((struct pid *)(arg1 + 1))->level)",
      10,
      "the kernel refuses this: R",
      ...WITH_LIBBCC,
    ],
  ];
  for (const [probe, at, reason, ...options] of cases) {
    const { status, stdout, stderr } = await runTool("trace", ...options, probe);
    const [said, shown, caret] = stderr.split("\n");
    assert.deepEqual([status, stdout, shown], [2, "", `  ${probe}`], stderr);
    assert.ok(said!.startsWith(`trace: ${reason}`), said);
    if (at > 0) assert.equal(caret, `${" ".repeat(at + 2)}^`, stderr);
  }
});

const USAGE = "trace prints its program with --ebpf, and says what it cannot attach";
test(USAGE, { skip: requires(USAGE, "speed") }, async () => {
  const text = await runTool("trace", "--ebpf", "-B", '::f (STRCMP("{0x6c, 0}", arg1))');
  assert.match(text.stdout, /int probe_0_f\(struct pt_regs \*ctx\)/);
  const none = await runTool("trace", "c:nothing_of_the_kind");
  assert.deepEqual([none.status, none.stdout], [1, ""]);
  assert.match(
    none.stderr,
    /^trace: Cannot attach .*nothing_of_the_kind: .*: the file has no function "nothing_of_the_kind"\n$/,
  );
});
