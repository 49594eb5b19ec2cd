// Runs each one-liner of docs/typescript.md on a known workload.
// Not in guests: a compiler is started from source for each; what it compiles, other tests run there.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Disk } from "../support/disk.ts";
import {
  linesOf,
  mapOf,
  oneLiners,
  startOneLiner,
  stop,
  untilNoneMissed,
} from "../support/documented.ts";
import { untilNoneHidden } from "../support/hidden_events.ts";
import { run, Running } from "../support/process.ts";
import {
  type Entry,
  type Histogram,
  switchesOf,
  traced,
  untilAsleep,
  withFunctions,
} from "../support/one_liners.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { startStacks } from "../support/stacks.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { Folder, Workload } from "../support/workload.ts";

const calls = (...steps: string[]) => Script.of([buildProgram("calls.c"), ...steps]);

/** Five reads of 4096 bytes, after a read of one byte: the line that the process waits for. */
const reader = (path: string) =>
  Script.of([buildProgram("file_io.c"), `open=${path}:1`, "write=5", "start", "read=5"]);

const WITH_SWITCHES = ["sched/sched_switch"];

const TESTS: Readonly<Record<string, (title: string) => Promise<void>>> = {
  async "Files that processes open"(title) {
    await using target = await Workload.start("comm=docs", "missing=/tsbcc/docs:3");
    assert.deepEqual(linesOf(await traced(title, target, false)), [
      "docs /tsbcc/docs0",
      "docs /tsbcc/docs1",
      "docs /tsbcc/docs2",
    ]);
  },
  async "Programs that are executed"(title) {
    await using script = await Script.start("exec /usr/bin/env /bin/true");
    assert.deepEqual(linesOf(await traced(title, script, false)), [
      `${script.pid} /usr/bin/env`,
      `${script.pid} /bin/true`,
    ]);
  },
  async "System calls by process"(title) {
    const target = Running.start([buildProgram("one_process.c"), "getppid"]);
    await using _target = target;
    await target.find("stdout", /^pid/);
    const args = ["-p", String(target.pid), "--json"];
    await using running = await startOneLiner(title, { args });
    target.send();
    await target.find("stdout", /^done$/m);
    // 1009 calls, and one more that writes "done".
    const counted = mapOf<Entry<string>>(await stop(running), "calls");
    assert.deepEqual(counted.map(({ value }) => value), [1010]);
  },
  async "System calls that fail, by number and errno"(title) {
    await using target = await calls("missing=7", "getpgid=5");
    const [getpgid, ESRCH] = [process.arch === "x64" ? 121 : 155, 3];
    const failed = mapOf<Entry<unknown>>(await traced(title, target), "failed");
    assert.deepEqual(failed.map(({ key, value }) => ({ key, value })), [
      { key: { call: getpgid, errno: ESRCH }, value: 7 },
    ]);
  },
  async "Bytes read, by process"(title) {
    using folder = new Folder();
    await using target = await reader(join(folder.path, "data"));
    const bytes = mapOf<Entry<string>>(await traced(title, target), "bytes");
    assert.deepEqual(bytes.map(({ value }) => value), [5 * 4096 + 1]);
  },
  async "Sizes of reads, a histogram for each process"(title) {
    using folder = new Folder();
    await using target = await reader(join(folder.path, "data"));
    const [sizes, ...others] = mapOf<Histogram<string>>(await traced(title, target), "sizes");
    assert.deepEqual(others, []);
    assert.deepEqual(Object.entries(sizes!.slots).filter(([, count]) => count), [["1", 1], [
      "13",
      5,
    ]]);
  },
  async "How long reads take, in nanoseconds"(title) {
    using folder = new Folder();
    await using target = await reader(join(folder.path, "data"));
    const result = await traced(title, target);
    const [ns] = mapOf<Histogram>(result, "ns");
    // The read that waits for the line is not counted: it began before the probe was set.
    assert.equal(ns!.slots.reduce((sum, count) => sum + count, 0), 5);
    assert.deepEqual(mapOf(result, "begun"), []);
  },
  async "Page faults, by the functions that make them"(title) {
    await using target = await startStacks(["touch=17"]);
    const faults = mapOf<Entry<readonly string[]>>(await traced(title, target), "faults");
    const touched = faults.filter(({ key }) => key[0] === "touch_pages");
    assert.equal(touched.length, 1);
    assert.equal(touched[0]!.key[1], "main");
    // 18 if the page with the function's code was not mapped yet.
    assert.ok([17, 18].includes(touched[0]!.value), String(touched[0]!.value));
  },
  async "What runs on the CPUs, as a flame graph"(title) {
    using folder = new Folder();
    await using target = await startStacks(["spin=200"]);
    const args = ["-p", String(target.pid), "--json"];
    await using running = await startOneLiner(title, { args, cwd: folder.path });
    await target.go();
    type Key = { readonly comm: string; readonly stack: readonly string[] };
    const samples = mapOf<Entry<Key>>(await stop(running), "samples");
    const below = samples.filter(({ key: { stack } }) => stack.includes("middle"));
    assert.ok(below.length > 0, JSON.stringify(samples));
    for (const { key: { comm, stack } } of below) {
      assert.equal(comm, "stacks");
      assert.match(stack[0]!, /^(?:three_parts|one_part|middle)$/);
      assert.deepEqual(stack.slice(stack.indexOf("middle"), stack.indexOf("main") + 1), [
        "middle",
        "outer",
        "main",
      ]);
    }
    assert.match(readFileSync(join(folder.path, "cpu.svg"), "utf8"), /<title>three_parts \(/);
  },
  "Where threads give up their CPU to sleep": (title) =>
    untilNoneHidden(WITH_SWITCHES, async (watch) => {
      await using target = await startStacks(["block=13:2000"]);
      const args = ["-p", String(target.pid), "--json"];
      await using running = await startOneLiner(title, { args });
      watch(target.pid);
      await target.go();
      const sleeps = mapOf<Entry<readonly string[]>>(await stop(running), "sleeps");
      const naps = sleeps.filter(({ key }) => key[0] === "inner_nap");
      assert.deepEqual(naps.map(({ key, value }) => [key[1], value]), [["outer_nap", 13]]);
    }),
  "Threads that leave a CPU, by name": (title) =>
    untilNoneHidden(WITH_SWITCHES, async (watch) => {
      await using target = Running.start([
        buildProgram("calls.c"),
        "switches",
        "block=31",
        "switches",
      ]);
      await target.find("stdout", /^pid/);
      target.send();
      const [, voluntary, involuntary] = await target.find("stdout", /switches (\d+) (\d+)\n/);
      const args = ["-p", String(target.pid), "--json"];
      await using running = await startOneLiner(title, { args });
      watch(target.pid);
      const before = switchesOf(target.pid);
      assert.ok(before >= Number(voluntary) + Number(involuntary));
      target.send();
      await target.find("stdout", /switches[^]*switches (\d+) (\d+)\n/);
      const { length } = await untilAsleep(target.pid);
      assert.ok(length > 0);
      const after = switchesOf(target.pid);
      const switches = mapOf<Entry<string>>(await stop(running), "switches");
      assert.deepEqual(switches.map(({ value }) => value), [after - before]);
    }),
  async "Signals that are sent"(title) {
    const text = "trap : USR1; kill -USR1 $$; kill -USR1 $$; kill -CONT $$";
    await using script = await Script.start(text);
    // Without signal 17, the SIGCHLD at the script's end.
    const sent = linesOf(await traced(title, script, false))
      .filter((line) => !line.includes(" sends 17 "));
    assert.deepEqual(sent, [
      "bash sends 10 to bash",
      "bash sends 10 to bash",
      "bash sends 18 to bash",
    ]);
  },
  async "TCP connections that are opened"(title) {
    await using workload = await TcpWorkload.start("exchange=4:3:7:5:client");
    const args = ["-p", String(workload.client)];
    await using running = await startOneLiner(title, { args });
    const connections = await workload.go();
    const opened = linesOf(await stop(running)).map((line) => line.replace(/^.* to /, ""));
    const expected = connections.map(({ serverPort }) => `127.0.0.1 port ${serverPort}`);
    assert.deepEqual(opened, expected);
  },
  "Sizes of block I/O, by disk": (title) =>
    untilNoneHidden(["block/block_rq_issue"], async (watch) => {
      using disk = new Disk();
      const { rdev } = statSync(disk.path);
      await using running = await startOneLiner(title, { args: ["--json"] });
      watch();
      await disk.write(17);
      type Key = { readonly major: number; readonly minor: number };
      const sizes = mapOf<Histogram<Key>>(await stop(running), "sizes")
        .filter(({ key: { major, minor } }) => major === rdev >> 8 && minor === (rdev & 0xff));
      assert.equal(sizes.length, 1);
      assert.equal(sizes[0]!.slots[13], 17);
    }),
  async "Processes that are forked, by their parent's name"(title) {
    await using script = await Script.start("for i in 1 2 3 4 5; do /bin/true; done");
    const forks = mapOf<Entry<string>>(await traced(title, script), "forks");
    assert.deepEqual(forks.map(({ key, value }) => [key, value]), [["bash", 5]]);
  },
  async "Threads there are, by program"(title) {
    using folder = new Folder();
    const name = `tsbcc${process.pid}`;
    const program = join(folder.path, name);
    copyFileSync("/bin/sleep", program);
    await using stack = new AsyncDisposableStack();
    for (let i = 0; i < 3; i++) {
      const running = stack.use(Running.start([program, "1000"]));
      while (readFileSync(`/proc/${running.pid}/comm`, "utf8") !== `${name}\n`) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    await using running = await startOneLiner(title, { args: ["--json"] });
    const threads = mapOf<Entry<string>>(await running.result, "threads");
    assert.equal(threads.find(({ key }) => key === name)?.value, 3);
  },
  async "Calls of a program's function"(title) {
    const { result } = await withFunctions(title);
    const counted = mapOf<Entry<string>>(result, "calls");
    assert.deepEqual(counted.map(({ key, value }) => [key, value]), [["program", 5]]);
  },
  async "What a function returns"(title) {
    const { result } = await withFunctions(title);
    const [values] = mapOf<Histogram>(result, "values");
    // 31 ** 3, 31 ** 4 and 31 ** 5 have this many bits.
    assert.deepEqual(Object.entries(values!.slots).filter(([, count]) => count), [
      ["15", 1],
      ["20", 1],
      ["25", 1],
    ]);
  },
  async "Lines typed into bash"(title) {
    await using running = await startOneLiner(title);
    const line = `echo typed for ${process.pid}`;
    await run(["bash", "-c", 'printf "%s\\nexit\\n" "$0" | bash -i', line]);
    assert.equal(linesOf(await stop(running)).filter((each) => each === line).length, 1);
  },
  async "UDP datagrams that an interface receives, by port"(title) {
    const within = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"];
    await using running = await startOneLiner(title, { args: ["--json"], within });
    const send =
      "for i in {1..13}; do echo >/dev/udp/127.0.0.1/7919; done; echo >/dev/udp/127.0.0.1/7907";
    await run([
      "nsenter",
      `--net=/proc/${running.pid}/ns/net`,
      "bash",
      "-c",
      `{ ${send}; } 2>/dev/null`,
    ]);
    const ports = mapOf<Entry<number>>(await stop(running), "ports");
    assert.deepEqual(ports.map(({ key, value }) => [key, value]), [[7919, 13], [7907, 1]]);
  },
};

test("docs/typescript.md has twenty one-liners, all tested", () => {
  assert.equal(oneLiners().size, 20);
  assert.deepEqual(Object.keys(TESTS), [...oneLiners().keys()]);
});

for (const [title, tryIt] of Object.entries(TESTS)) {
  const name = `one-liner: ${title}`;
  test(name, { skip: requires(name, "speed") }, () => untilNoneMissed(() => tryIt(title)));
}
