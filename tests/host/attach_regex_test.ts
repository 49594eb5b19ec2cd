// Not in guests: libbcc takes 20 s and more for each compile under emulation; kprobes by pattern are
// in attach_kernel_test.ts and compile_traced_test.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync } from "node:fs";
import { test } from "node:test";
import { Bpf, BpfError, tracepoints, u32, u64, userFunctions } from "../../mod.ts";
import { libraryPath } from "../../bpf/proc/library_path.ts";
import { buildProgram } from "../support/build.ts";
import { callGetpgid, callGetppid, loadLibraryObject } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { Running } from "../support/process.ts";
import { Folder } from "../support/workload.ts";

const COUNT = `
BPF_HASH(by_pid, u32, u64);
int count(struct pt_regs *ctx) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  by_pid.increment(pid);
  return 0;
}
int plain(void *ctx) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  by_pid.increment(pid);
  return 0;
}`;

const calls = (bpf: Bpf, pid: number) => bpf.map("by_pid", u32, u64).get(pid) ?? 0n;

/**
 * A waiting process of functions.c; it calls calls_2, calls_3, calls_5 and other_7 as often as their
 * names say.
 */
class Functions implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  static async start(...command: string[]): Promise<Functions> {
    const running = Running.start(command);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new Functions(running, Number(pid));
  }

  async go(): Promise<void> {
    this.#running.send();
    const { status, stderr } = await this.#running.result;
    assert.equal(status, 0, stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

/** Runs a command to its end; fails unless it ends with status 0. */
function tool(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

test("userFunctions() lists by pattern, one name for each place", () => {
  const path = buildProgram("functions.c");
  assert.deepEqual(userFunctions(path, /^calls_/).map(({ name }) => name), [
    "calls_2",
    "calls_3",
    "calls_5",
  ]);
  assert.deepEqual(userFunctions(path, /^nothing$/), []);
  const [puts, ...rest] = userFunctions("c", /^(_IO_)?puts$/);
  assert.ok(puts && rest.length === 0);
  assert.throws(() => userFunctions("nothing", /./), /no library that the dynamic linker knows/);
});

for (const atReturn of [false, true]) {
  const kind = atReturn ? "uretprobe" : "uprobe";

  test(`compiled attach ${kind}: by pattern, all at once, and no more once detached`, async () => {
    const path = buildProgram("functions.c");
    using bpf = Bpf.compile(COUNT);
    const link = bpf.program("count").attachUprobe({ path, symbol: /^calls_/, atReturn });
    assert.equal(link.description, `${kind} ${path}:/^calls_/`);
    assert.deepEqual(link.targets, ["calls_2", "calls_3", "calls_5"]);
    assert.deepEqual(bpf.links.map((each) => each.targets.length), [3]);
    await using run = await Functions.start(path);
    await run.go();
    assert.equal(calls(bpf, run.pid), 10n);
    link.close();
    assert.deepEqual(bpf.links, []);
    await using again = await Functions.start(path);
    await again.go();
    assert.equal(calls(bpf, again.pid), 0n);
  });
}

test("attach uprobe: by pattern, an event for each, of an object", async () => {
  const path = buildProgram("functions.c");
  using bpf = loadLibraryObject({ programs: { on_function: true, on_call: false } });
  using link = bpf.program("on_function").attachUprobe({ path, symbol: /^(calls_[25]|other)/ });
  assert.deepEqual(link.targets, ["calls_2", "calls_5", "other_7"]);
  await using run = await Functions.start(path);
  await run.go();
  assert.equal(bpf.global("calls", u64).value, 14n);
});

test("compiled attach uprobe: by pattern, only one process", async () => {
  const path = buildProgram("functions.c");
  using bpf = Bpf.compile(COUNT);
  await using watched = await Functions.start(path);
  await using other = await Functions.start(path);
  using _link = bpf.program("count").attachUprobe({ path, symbol: /^calls/, pid: watched.pid });
  await watched.go();
  await other.go();
  assert.deepEqual([...bpf.map("by_pid", u32, u64)], [[watched.pid, 10n]]);
});

test("compiled attach uprobe: too many and no matches are errors, and nothing is left", () => {
  const path = buildProgram("functions.c");
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("count");
  program.load("KPROBE");
  const before = held();
  assert.throws(
    () => program.attachUprobe({ path, symbol: /^nothing$/ }),
    /^RangeError: Cannot attach program "count" to uprobe .*: no function matches$/,
  );
  assert.throws(
    () => program.attachUprobe({ path, symbol: /^calls/, limit: 2 }),
    /: 3 functions match, more than the limit of 2: narrow the pattern, or raise the option limit$/,
  );
  assert.throws(
    () => program.attachUprobe({ path, symbol: /^calls/, offset: 4 }),
    /a pattern goes without address and offset/,
  );
  assert.deepEqual(held(), before);
});

test("compiled attach uprobe: a function by its place inside", async () => {
  const path = buildProgram("functions.c");
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("count");
  const [found] = userFunctions(path, /^other_7$/);
  using _inFile = program.attachUprobe({ path, offset: found!.offset });
  using _noOffset = program.attachUprobe({ path, symbol: "other_7", offset: 0 });
  await using run = await Functions.start(path);
  await run.go();
  assert.equal(calls(bpf, run.pid), 14n);
});

test("compiled attach uprobe: a library by its soname", () => {
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("count");
  assert.equal(libraryPath("libc.so.6", undefined), libraryPath("c", undefined));
  assert.equal(libraryPath("c.so.6", undefined), libraryPath("c", undefined));
  using link = program.attachUprobe({ library: "libc.so.6", symbol: "puts" });
  assert.equal(link.description, "uprobe libc.so.6:puts");
  assert.throws(
    () => program.attachUprobe({ library: "libc.so.5", symbol: "puts" }),
    /the dynamic linker knows no libc\.so\.5: /,
  );
});

test("compiled attach uprobe: symbols in a debug file that the program links to", async () => {
  using folder = new Folder();
  const path = `${folder.path}/program`;
  copyFileSync(buildProgram("functions.c"), path);
  tool("objcopy", "--remove-section=.note.gnu.build-id", path);
  tool("objcopy", "--only-keep-debug", path, `${path}.debug`);
  tool("strip", "--strip-all", path);
  tool("objcopy", `--add-gnu-debuglink=${path}.debug`, path);
  chmodSync(path, 0o755);
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("count");
  using _one = program.attachUprobe({ path, symbol: "other_7" });
  using many = program.attachUprobe({ path, symbol: /^calls_[23]$/ });
  assert.deepEqual(many.targets, ["calls_2", "calls_3"]);
  await using run = await Functions.start(path);
  await run.go();
  assert.equal(calls(bpf, run.pid), 12n);
  // A debug file of another build must be ignored.
  copyFileSync(buildProgram("workload.c"), `${path}.debug`);
  assert.throws(() => program.attachUprobe({ path, symbol: "other_7" }), /ENOENT/);
});

test("compiled attach uprobe: a process in another mount namespace, its debug file there", async () => {
  using folder = new Folder();
  const [source, hidden] = [`${folder.path}/source`, `${folder.path}/hidden`];
  const text = buildProgram("functions.c").replace(/-[0-9a-f]+$/, "");
  assert.match(text, /functions\.c$/);
  tool("gcc", "-O1", "-Wl,--build-id", "tests/support/functions.c", "-o", source);
  tool("objcopy", "--only-keep-debug", source, `${source}.debug`);
  const notes = spawnSync("readelf", ["-n", source], { encoding: "utf8" }).stdout;
  const id = /Build ID: ([0-9a-f]+)/.exec(notes)![1]!;
  tool("strip", "--strip-all", source);
  const debug = `/usr/lib/debug/.build-id/${id.slice(0, 2)}`;
  // The program and its debug file exist only in that process's mount namespace.
  const script = `mount -t tmpfs none /usr/lib/debug && mkdir -p ${debug} ${hidden} &&
    cp ${source}.debug ${debug}/${id.slice(2)}.debug && mount -t tmpfs none ${hidden} &&
    cp ${source} ${hidden}/program && rm ${source} && exec ${hidden}/program`;
  await using run = await Functions.start("unshare", "-m", "sh", "-c", script);
  const path = `${hidden}/program`;
  assert.equal(existsSync(path), false);
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("count");
  const { pid } = run;
  using _one = program.attachUprobe({ path, symbol: "other_7", pid });
  using many = program.attachUprobe({ path, symbol: /^calls_[35]$/, pid });
  assert.deepEqual(many.targets, ["calls_3", "calls_5"]);
  assert.match(libraryPath("c", pid)!, new RegExp(`^/proc/${pid}/root/.*libc\\.so\\.6$`));
  await run.go();
  assert.equal(calls(bpf, pid), 15n);
  assert.throws(
    () => program.attachUprobe({ path, symbol: "other_7" }),
    (error: Error) => error instanceof BpfError && error.code === "ENOENT",
  );
});

test("tracepoints() lists by pattern", () => {
  assert.deepEqual(tracepoints(/^syscalls\/sys_enter_getp[pg]id$/).sort(), [
    "syscalls/sys_enter_getpgid",
    "syscalls/sys_enter_getppid",
  ]);
  assert.deepEqual(tracepoints(/^nothing$/), []);
});

test("compiled attach tracepoint: by pattern, and no more once detached", () => {
  using bpf = Bpf.compile(COUNT);
  const program = bpf.program("plain");
  const link = program.attachTracepoint(/^syscalls\/sys_enter_getp[pg]id$/g);
  assert.deepEqual([...link.targets].sort(), [
    "syscalls/sys_enter_getpgid",
    "syscalls/sys_enter_getppid",
  ]);
  callGetppid(101);
  callGetpgid(13);
  link.close();
  callGetppid(5);
  assert.equal(calls(bpf, process.pid), 114n);
  assert.throws(
    () => program.attachTracepoint(/^nothing$/),
    /Cannot attach program "plain" to tracepoint \/\^nothing\$\/: no tracepoint matches/,
  );
  assert.throws(() => program.attachTracepoint(/./, { limit: 7 }), /more than the limit of 7/);
});
