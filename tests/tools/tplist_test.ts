import assert from "node:assert/strict";
import { test } from "node:test";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, runTool } from "../support/tool.ts";
import { buildUsdt, UsdtProcess } from "../support/usdt.ts";

/** The lines of tplist's output. */
async function lines(...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await runTool("tplist", ...args);
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

test("tplist lists tracepoints by the shell's wildcards, and with -v their fields", async () => {
  const names = await lines("syscalls:sys_enter_getp[pg]id");
  assert.deepEqual(names, ["syscalls:sys_enter_getpgid", "syscalls:sys_enter_getppid"]);
  assert.deepEqual(await lines("-v", "syscalls:sys_*_getpgid"), [
    "syscalls:sys_enter_getpgid",
    "    int __syscall_nr;",
    "    pid_t pid;",
    "syscalls:sys_exit_getpgid",
    "    int __syscall_nr;",
    "    long ret;",
  ]);
});

const all = "tplist lists every tracepoint that is there, and fields as JSON";
test(all, { skip: requires(all, "speed") }, async () => {
  const names = await lines();
  assert.ok(names.length > 100 && names.every((name) => /^[\w-]+:[\w-]+$/.test(name)));
  const { stdout } = await run(["cat", "/sys/kernel/tracing/available_events"]);
  const there = stdout.trim().split("\n");
  assert.deepEqual(names, there.sort());
  const result = await runTool("tplist", "--json", "-v", "syscalls:sys_exit_getpgid");
  assert.deepEqual(rowsOf(result), [{
    record: "tracepoint",
    tracepoint: "syscalls:sys_exit_getpgid",
    fields: [
      { type: "int", name: "__syscall_nr", offset: 8, size: 4, signed: true },
      { type: "long", name: "ret", offset: 16, size: 8, signed: true },
    ],
  }]);
});

const usdt = "tplist lists USDT probes of a file and of a process";
test(usdt, { skip: requires(usdt, "speed") }, async () => {
  const path = buildUsdt();
  const names = ["widths", "twelve", "forms", "twice", "text", "plain"].map((name) =>
    `test:${name}`
  );
  const probes = [...names, "other:alike", "test:alike", "test:guarded"];
  assert.deepEqual(await lines("-l", path), probes.map((name) => `${path} ${name}`));
  assert.deepEqual(await lines("-v", "-l", path, "*:twice"), [
    "test:twice [sema 0x0]",
    "  2 location(s)",
    "  1 argument(s)",
  ]);
  await using process = await UsdtProcess.start("library");
  const library = buildUsdt("library");
  const loaded = await lines("-p", String(process.pid));
  assert.deepEqual(
    loaded.filter((line) => /usdt\.c/.test(line)).sort(),
    [path, library].flatMap((file) => probes.map((name) => `${file} ${name}`)).sort(),
  );
  assert.deepEqual(await lines("-p", String(process.pid), "-l", library, "other:*"), [
    `${library} other:alike`,
  ]);
});

const places = "tplist -vv shows where arguments are";
test(places, { skip: requires(places, "speed") }, async () => {
  const path = buildUsdt();
  const [heading, ...rest] = await lines("-vv", "-l", path, "test:twelve");
  assert.equal(heading, "test:twelve [sema 0x0]");
  assert.match(rest[0]!, new RegExp(`^  location #1 ${path} 0x[0-9a-f]+$`));
  assert.deepEqual(rest.slice(5, 9), [
    "    argument #5 8 unsigned bytes @ 5",
    "    argument #6 8 unsigned bytes @ 6",
    "    argument #7 8 signed   bytes @ -7",
    "    argument #8 4 unsigned bytes @ 8",
  ]);
  const [row] = rowsOf<{ locations: { arguments: { type: string }[] }[] }>(
    await runTool("tplist", "--json", "-l", path, "test:widths"),
  );
  assert.deepEqual(row!.locations.map((location) => location.arguments.map(({ type }) => type)), [
    ["s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"],
  ]);
});

const alike = "tplist says what bcc's tplist says";
test(alike, { skip: requires(alike, "speed") }, async () => {
  for (const args of [["-l", "stdc++"], ["-v", "-l", "stdc++"], ["-vv", "-l", "stdc++"]]) {
    const theirs = await run(["/usr/sbin/tplist-bpfcc", ...args]);
    assert.deepEqual(await lines(...args), theirs.stdout.trimEnd().split("\n"));
  }
});

const none = "tplist -p tells that a process has no probes, and ends as bcc's tplist does";
test(none, { skip: requires(none, "speed") }, async () => {
  await using sleeper = Running.start(["sleep", "infinity"]);
  const pid = String(sleeper.pid);
  const theirs = await run(["/usr/sbin/tplist-bpfcc", "-p", pid]);
  for (const args of [["-p", pid], ["--json", "-p", pid]]) {
    const { status, stdout, stderr } = await runTool("tplist", ...args);
    assert.deepEqual([status, stdout], [theirs.status, theirs.stdout]);
    assert.equal(
      stderr,
      `tplist: There are no USDT probes in process ${pid}: readelf -n shows those of a file\n`,
    );
  }
  const { status, stderr } = await runTool("tplist", "-p", pid, "no:such");
  assert.equal(status, 1);
  assert.match(stderr, /There are no USDT probes that match "no:such" in process/);
});

const arguments_ = "tplist says that there is nothing to list";
test(arguments_, { skip: requires(arguments_, "speed") }, async () => {
  const cases: [string[], RegExp][] = [
    [["no:such*"], /There are no tracepoints that match "no:such\*" in this kernel: /],
    [["-l", "c"], /There are no USDT probes in "c": readelf -n shows those of a file/],
    [["-l", "nolib"], /Cannot list USDT probes: there is no file "nolib": expected a path/],
    [
      ["-l", "/etc/passwd"],
      /Cannot list the USDT probes of "\/etc\/passwd": it is not a 64 bit ELF/,
    ],
    [["-p", "4194304"], /Cannot list USDT probes: process 4194304 does not exist/],
  ];
  for (const [args, pattern] of cases) {
    const { status, stdout, stderr } = await runTool("tplist", ...args);
    assert.deepEqual([status, stdout], [1, ""], args.join(" "));
    assert.match(stderr, pattern);
    assert.match(stderr, /^tplist: [^\n]*\n$/);
  }
});
