import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { mappedFiles, ProcessMemory } from "../../mod.ts";
import { inspectRuby } from "../../tools/rubyallocs/runtime.ts";
import { type Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import {
  INSTALLED,
  lastReport,
  NEWER,
  type Row,
  type Ruby,
  traceWaiting,
} from "../support/ruby.ts";
import { isolated, rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const COUNTS = { "Outer::Token": 10007, String: 5003, Array: 2003 };
const allocate = (counts: readonly number[], ...more: readonly string[]) =>
  INSTALLED.command("allocate.rb", ...counts.map(String), ...more);

/** The totals by class of the last report. */
const totals = (result: Result) =>
  new Map(lastReport(result).map((row) => [row.class, row.total] as const));

/** By class: the allocations in excess of those in a run that allocates none. */
function above(baseline: Map<string, number>, found: Map<string, number>) {
  const more = (name: string) => (found.get(name) ?? 0) - (baseline.get(name) ?? 0);
  return Object.fromEntries(Object.keys(COUNTS).map((name) => [name, more(name)]));
}

/** The path of the tests' libruby, and the name under which programs load it. */
async function installedRuby() {
  await using running = Running.start(await allocate([0, 0, 0], "wait"));
  await running.find("stdout", /^waiting$/m);
  const library = mappedFiles(running.pid).find(({ name }) => /\/libruby/.test(name))!.name;
  const soname = /libruby.*?\.so\.\d+\.\d+/.exec(library)![0];
  return { library, soname, version: inspectRuby(running.pid).version! };
}

async function traceRunning(counts: readonly number[], prefix: readonly string[] = []) {
  await using target = Running.start([...prefix, ...await allocate(counts, "wait")]);
  return totals(await traceWaiting(target, /^waiting$/m));
}

test("rubyallocs counts exactly what a running process allocates, and nobody else", async () => {
  await using other = Running.start(await allocate(Object.values(COUNTS), "wait"));
  await other.find("stdout", /^waiting$/m);
  const baseline = await traceRunning([0, 0, 0]);
  await using target = Running.start(await allocate(Object.values(COUNTS), "wait"));
  await target.find("stdout", /^waiting$/m);
  other.send();
  const found = totals(await traceWaiting(target, /^waiting$/m));
  assert.deepEqual(above(baseline, found), COUNTS);
  await other.find("stdout", /^done$/m);
});

test("rubyallocs -c counts exactly from the first instruction", {
  skip: requires("rubyallocs -c", "speed"),
}, async () => {
  const trace = async (counts: readonly number[]) => {
    const result = await runTool("rubyallocs", "--json", "-c", ...await allocate(counts));
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /^done$/m);
    return totals({ ...result, stdout: result.stdout.replace(/^done\n/m, "") });
  };
  const baseline = await trace([0, 0, 0]);
  assert.ok(baseline.get("Class")! > 100, "it began before Ruby's own classes were there");
  assert.deepEqual(above(baseline, await trace(Object.values(COUNTS))), COUNTS);
});

async function checkNames(ruby: Ruby) {
  await using target = Running.start(await ruby.command("classes.rb"));
  const [places] = await target.find("stdout", /^\[.*\]$/m);
  const memory = new ProcessMemory(target.pid);
  const { classes, version } = inspectRuby(target.pid);
  assert.ok(version!.startsWith(ruby.version));
  const objects = JSON.parse(places) as [address: string, name: string][];
  for (const [address, name] of objects) {
    assert.equal(classes!.name(memory.word(BigInt(address) + 8n)), name);
  }
  // The class of the class Outer::Token is its singleton class.
  const token = memory.word(BigInt(objects[0]![0]) + 8n);
  assert.equal(classes!.name(memory.word(token + 8n)), "#<Class:Outer::Token>");
  assert.equal(classes!.name(token + 1n), undefined);
  assert.equal(classes!.name(0n), undefined);

  const found = totals(await traceWaiting(target, /^\[/m));
  for (const [, name] of objects.slice(0, 5)) assert.equal(found.get(name), 7, name);
  const rest = [...found].filter(([name]) =>
    /0x/.test(name) && !objects.some((o) => o[1] === name)
  );
  assert.deepEqual(rest.map(([, count]) => count), [1], "the class that was collected");
}

test("rubyallocs names classes of all kinds as Ruby does", {
  skip: requires("rubyallocs names", "speed"),
}, () => checkNames(INSTALLED));

test("rubyallocs names classes of all kinds as Ruby 3.3 does", {
  skip: requires("rubyallocs names of Ruby 3.3", "speed"),
}, () => checkNames(NEWER));

test("rubyallocs refuses what it cannot trace", {
  skip: requires("rubyallocs arguments", "speed"),
}, async () => {
  const fails = async (args: string[], pattern: RegExp) => {
    const { status, stdout, stderr } = await runTool("rubyallocs", ...args);
    assert.deepEqual([status, stdout], [1, ""], stderr);
    assert.match(stderr, pattern);
  };
  await fails(
    [String(process.pid)],
    /^rubyallocs: Cannot trace process \d+: it runs no Ruby: .+\n$/,
  );
  await fails(["4194303"], /^rubyallocs: Cannot trace process 4194303: it does not exist\n$/);
  await fails(
    ["-c", "sleep", "1"],
    /^rubyallocs: Cannot tell which Ruby "sleep" runs: begin .+\n$/,
  );
  await fails(["-c", "./none"], /^rubyallocs: Cannot run "\.\/none": no such program\n$/);
});

test("rubyallocs traces a process in another mount namespace", {
  skip: requires("rubyallocs in a mount namespace", "speed"),
}, async () => {
  const folder = "/mnt";
  const { library, soname } = await installedRuby();
  const preparations = [
    `mount -t tmpfs none ${folder}`,
    `cp ${library} ${folder}/${soname}`,
    `export LD_LIBRARY_PATH=${folder}`,
  ];
  const command = isolated(preparations, []);
  const baseline = await traceRunning([0, 0, 0], command);
  assert.deepEqual(above(baseline, await traceRunning(Object.values(COUNTS), command)), COUNTS);
});

test("rubyallocs shows addresses of classes in a Ruby that it does not know, and says so", {
  skip: requires("rubyallocs of an unknown Ruby", "speed"),
}, async () => {
  using folder = new Folder();
  const ruby = await installedRuby();
  const path = `${folder.path}/${ruby.soname}`;
  const bytes = readFileSync(ruby.library).toString("latin1");
  const older = bytes.replaceAll(
    `\0${ruby.version}\0`,
    `\0${"2.0.0".padEnd(ruby.version.length)}\0`,
  );
  writeFileSync(path, older, "latin1");

  await using target = Running.start(await allocate([0, 5003, 0], "wait"), {
    env: { LD_LIBRARY_PATH: folder.path },
  });
  await target.find("stdout", /^waiting$/m);
  const pid = String(target.pid);
  const once = await runTool("rubyallocs", "--once", "0.01", pid);
  assert.equal(once.status, 0);
  assert.deepEqual(once.stdout.match(/^ .*$/mg), [
    "     TOTAL   INTERVAL CLASS",
    "         0          0 all 0 classes",
  ]);
  await using tool = await startTool("rubyallocs", "--stack", "--json", pid);
  target.send();
  await target.find("stdout", /^done$/m);
  const { stdout, stderr, status } = await stopTool(tool);
  assert.match(stderr, /^rubyallocs: Ruby 2\.0\.0 has structures that are not known \(those of 3/);
  const [first] = rowsOf<Row>({ stdout, stderr, status, signal: null });
  assert.match(first!.class, /^0x[0-9a-f]{16}$/);
  assert.equal(first!.line, "(no line)");
});
