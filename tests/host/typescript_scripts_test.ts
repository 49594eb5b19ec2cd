// Runs each script of examples/scripts/, which docs/typescript.md shows, on a known workload.
// Not in guests: a compiler is started from source for each; what it compiles, other tests run there.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram, PROJECT } from "../support/build.ts";
import { Disk } from "../support/disk.ts";
import {
  launchScript,
  linesOf,
  mapOf,
  startScript,
  stop,
  untilNoneMissed,
} from "../support/documented.ts";
import { untilNoneHidden } from "../support/hidden_events.ts";
import type { Result } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { startStacks } from "../support/stacks.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { Folder, Workload } from "../support/workload.ts";

interface Histogram<K> {
  readonly key: K;
  readonly slots: readonly number[];
}

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

/** Runs a script for a process while the process does its work. */
async function traced(name: string, target: { pid: number; go(): Promise<unknown> }, json = true) {
  const args = ["-p", String(target.pid), ...json ? ["--json"] : []];
  await using running = await startScript(name, { args });
  await target.go();
  return await stop(running);
}

const WITH_SCHEDULER = ["sched/sched_switch", "sched/sched_wakeup"];

const TESTS: Readonly<Record<string, () => Promise<void>>> = {
  "biolatency.ts": () =>
    untilNoneHidden(["block/block_rq_issue", "block/block_rq_complete"], async (watch) => {
      using disk = new Disk();
      const { rdev } = statSync(disk.path);
      await using running = await startScript("biolatency.ts", { args: ["--json"] });
      watch();
      await disk.write(17);
      type Key = { readonly major: number; readonly minor: number };
      const found = mapOf<Histogram<Key>>(await stop(running), "us")
        .filter(({ key: { major, minor } }) => major === rdev >> 8 && minor === (rdev & 0xff));
      assert.deepEqual(found.map(({ slots }) => sum(slots)), [17]);
    }),
  async "exits.ts"() {
    await using script = await Script.start("exit 3");
    await using running = await startScript("exits.ts", { args: ["-p", String(script.pid)] });
    await script.go(3);
    const lines = linesOf(await stop(running));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^bash status 3 signal 0 after \d+ ms$/);
  },
  async "funclatency.ts"() {
    using folder = new Folder();
    const program = join(folder.path, "program");
    copyFileSync(buildProgram("functions.c"), program);
    const options = { args: ["--json"], words: [program, "naps_3"] };
    await using running = await startScript("funclatency.ts", options);
    await using script = await Script.of([program]);
    await script.go();
    const [ns, ...others] = mapOf<Histogram<undefined>>(await stop(running), "ns");
    assert.deepEqual(others, []);
    // Two calls, and one by the recursive function; each sleeps two milliseconds.
    assert.equal(sum(ns!.slots), 3);
    assert.equal(sum(ns!.slots.slice(21)), 3);
  },
  async "killsnoop.ts"() {
    await using script = await Script.start("kill -0 $$; kill -0 $$; kill -0 4194304 2>/dev/null");
    const lines = linesOf(await traced("killsnoop.ts", script, false));
    assert.deepEqual(lines, [
      `bash ${script.pid} signal 0 to ${script.pid}: 0`,
      `bash ${script.pid} signal 0 to ${script.pid}: 0`,
      `bash ${script.pid} signal 0 to 4194304: -3`,
    ]);
  },
  "offcpu.ts": () =>
    untilNoneHidden(WITH_SCHEDULER, async (watch) => {
      await using target = await startStacks(["block=13:2000"]);
      const options = { args: ["--json"], words: [String(target.pid)] };
      await using running = await startScript("offcpu.ts", options);
      watch(target.pid);
      const begun = performance.now();
      await target.go();
      const ms = performance.now() - begun;
      type Key = { readonly comm: string; readonly stack: readonly string[] };
      const found = mapOf<{ key: Key; value: number }>(await stop(running), "ns")
        .filter(({ key }) => key.stack[0] === "inner_nap");
      assert.deepEqual(found.map(({ key }) => [key.comm, key.stack[1]]), [["stacks", "outer_nap"]]);
      const [{ value } = { value: 0 }] = found;
      // At least 13 sleeps of two milliseconds, and less than the run took.
      assert.ok(value / 1e6 > 13 * 1.9 && value / 1e6 < ms, `${value} ns of ${ms} ms`);
    }),
  async "opensnoop.ts"() {
    await using target = await Workload.start(
      "comm=docs",
      "missing=/tsbcc/docs:2",
      "burst=/dev/null:1",
    );
    const rows = jsonLines(await traced("opensnoop.ts", target));
    assert.deepEqual(rows.map(({ result, ...row }) => ({ ...row, result: Math.sign(result) })), [
      { event: "opens", pid: target.pid, comm: "docs", path: "/tsbcc/docs0", result: -1 },
      { event: "opens", pid: target.pid, comm: "docs", path: "/tsbcc/docs1", result: -1 },
      { event: "opens", pid: target.pid, comm: "docs", path: "/dev/null", result: 1 },
    ]);
    assert.deepEqual(rows.slice(0, 2).map(({ result }) => result), [-2, -2]);
  },
  "runqlat.ts": () =>
    untilNoneHidden(WITH_SCHEDULER, async (watch) => {
      using folder = new Folder();
      const name = `tsbcc${process.pid}`;
      const program = join(folder.path, name);
      copyFileSync(buildProgram("calls.c"), program);
      await using target = await Script.of([program, "block=29"]);
      await using running = await startScript("runqlat.ts", { args: ["--json"] });
      watch(target.pid);
      await target.go();
      const found = mapOf<Histogram<string>>(await stop(running), "us")
        .filter(({ key }) => key === name);
      assert.equal(found.length, 1);
      // The process waits for a CPU after each sleep and after the line, and may have been preempted
      // besides.
      assert.ok(sum(found[0]!.slots) >= 30, String(found[0]!.slots));
    }),
  async "syscount.ts"() {
    await using target = await Script.of([
      buildProgram("calls.c"),
      "getpgid=41",
      "missing=7",
      "sleep=3",
    ]);
    interface Calls {
      readonly key: number;
      readonly value: { readonly count: number; readonly failed: number; readonly ns: number };
    }
    const calls = mapOf<Calls>(await traced("syscount.ts", target), "calls");
    const of = (number: number) => calls.find(({ key }) => key === number)?.value;
    const [getpgid, nanosleep] = process.arch === "x64" ? [121, 35] : [155, 101];
    assert.deepEqual([of(getpgid)?.count, of(getpgid)?.failed], [48, 7]);
    assert.equal(of(nanosleep)?.count, 3);
    assert.ok(of(nanosleep)!.ns > 2.9e6);
  },
  async "tcplife.ts"() {
    await using workload = await TcpWorkload.start("exchange=4:3:7:5:client");
    await using running = await startScript("tcplife.ts");
    const connections = await workload.go();
    const lines = linesOf(await stop(running)).map((line) => line.replace(/ \d+ ms$/, ""));
    for (const { port, serverPort } of connections) {
      const [client, server] = [`127.0.0.1:${port}`, `127.0.0.1:${serverPort}`];
      const own = lines.filter((line) => line.includes(`:${port} `) || line.endsWith(`:${port}`));
      assert.deepEqual(own.toSorted(), [`${client} ${server}`, `${server} ${client}`].toSorted());
    }
  },
  async "top.ts"() {
    await using running = launchScript("top.ts");
    // Reports are separated by empty lines; tracing begins before the first one.
    const reports = async (least: number) =>
      (await running.find("stdout", new RegExp(`^(?:[^]*?\\n\\n){${least},}`)))[0].split("\n\n")
        .length;
    await reports(1);
    await using target = await Workload.start(`comm=tsbcc${process.pid}`, "burst=/dev/null:5003");
    await target.go();
    // The work may span two reports: wait for two more.
    await reports(await reports(1) + 2);
    running.kill("SIGINT");
    const { stdout } = await running.result;
    const counts = Array.from(
      stdout.matchAll(new RegExp(`^tsbcc${process.pid} +(\\d+)$`, "gm")),
      ([, count]) => Number(count),
    );
    assert.equal(sum(counts), 5003);
  },
};

const jsonLines = ({ stdout }: Result) => stdout.trim().split("\n").map((line) => JSON.parse(line));

test("examples/scripts has ten scripts, all tested", () => {
  const files = readdirSync(join(PROJECT, "examples/scripts"));
  const scripts = files.filter((name) => name.endsWith(".ts"));
  assert.deepEqual(scripts.sort(), Object.keys(TESTS).sort());
  assert.equal(Object.keys(TESTS).length, 10);
});

for (const [script, tryIt] of Object.entries(TESTS)) {
  const name = `examples/scripts/${script} tells what a known workload does`;
  test(name, { skip: requires(name, "speed") }, () => untilNoneMissed(tryIt));
}
