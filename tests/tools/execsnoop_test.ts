import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { keepOnOneCpu, type Result, Running, untilExecuted } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

interface Row {
  time?: string;
  uid?: number;
  comm: string;
  pid: number;
  pcomm?: string;
  ppid: number;
  cpu?: number;
  ret: number;
  args: string;
}

/** Runs a script under execsnoop, filtered to children of the script's process. */
async function record(script: string, ...args: string[]): Promise<[stdout: string, pid: number]> {
  await using parent = await Script.start(script);
  await using running = await startTool("execsnoop", "-P", String(parent.pid), ...args);
  await parent.go();
  return [(await stopTool(running)).stdout, parent.pid];
}

const rowsIn = (stdout: string) => rowsOf<Row>({ stdout } as Result);

test("execsnoop reports 97 programs with their arguments, exactly and in order", async () => {
  await using other = await Script.start("for i in {1..7}; do /bin/true other $i; done");
  await using parent = await Script.start(
    "for i in {1..97}; do /bin/true $i 'a b' '' \"\"; done; (exec /nonexistent) 2>/dev/null",
  );
  await using running = await startTool("execsnoop", "--json", "-P", String(parent.pid));
  await other.go();
  await parent.go();
  const rows = rowsOf<Row>(await stopTool(running));
  assert.deepEqual(
    rows.map(({ pid: _, ...rest }) => rest),
    Array.from({ length: 97 }, (_, i) => ({
      comm: "true",
      ppid: parent.pid,
      ret: 0,
      args: `/bin/true ${i + 1} a b  `,
    })),
  );
  assert.equal(new Set(rows.map(({ pid }) => pid)).size, 97);
});

test("execsnoop -x includes failed calls, with the name of who tried", {
  skip: requires("execsnoop -x includes failed calls, with the name of who tried", "speed"),
}, async () => {
  const script = "for i in {1..13}; do (exec /nonexistent$i x y) 2>/dev/null; /bin/true; done";
  const [stdout, ppid] = await record(script, "--json", "-x");
  const expected = Array.from({ length: 13 }, (_, i) => [
    { comm: "bash", ppid, ret: -2, args: `/nonexistent${i + 1} x y` },
    { comm: "true", ppid, ret: 0, args: "/bin/true" },
  ]);
  assert.deepEqual(rowsIn(stdout).map(({ pid: _, ...rest }) => rest), expected.flat());
});

test("execsnoop prints bcc's table, and -T -t -U -C -M add their columns", {
  skip: requires("execsnoop prints bcc's table, and -T -t -U -C -M add their columns", "speed"),
}, async () => {
  const script = "/bin/true 'a\"b' $'c\\nd'; (exec -a zero /bin/true last)";
  const [plain, ppid] = await record(script, "-q");
  const lines = plain.split("\n");
  assert.equal(lines[0], "COMM             PID     PPID    RET ARGS");
  assert.match(
    lines[1]!,
    new RegExp(`^true {13}\\d+ +${ppid} +0 "/bin/true" "a\\\\"b" "c\\\\nd"$`),
  );
  assert.match(lines[2]!, /^true .* "\/bin\/true" "last"$/);

  const [all] = await record(script, "-TtUCM");
  const [head, row] = all.split("\n");
  const heading =
    "TIME     TIME(s) UID   COMM             PID     PCOMM            PPID    CPU  RET ARGS";
  assert.equal(head, heading);
  assert.match(
    row!,
    /^\d\d:\d\d:\d\d 0\.000 {3}0 {5}true {13}\d{1,7} +bash {13}\d+ +\d+ +0 \/bin\/true a"b c\\nd$/,
  );
});

test("execsnoop --max-args and long arguments end in three dots", {
  skip: requires("execsnoop --max-args and long arguments end in three dots", "speed"),
}, async () => {
  const script = "/bin/true {1..1000}; /bin/true {1..1001}; /bin/true $(printf %01100d 0)";
  const [stdout] = await record(script, "--json", "--max-args", "1001");
  const thousand = Array.from({ length: 1000 }, (_, i) => i + 1).join(" ");
  assert.deepEqual(rowsIn(stdout).map(({ args }) => args), [
    `/bin/true ${thousand}`,
    `/bin/true ${thousand} ...`,
    `/bin/true ${"0".repeat(1020)}...`,
  ]);
});

test("execsnoop -n, -l and -u show what matches and hide the rest", {
  skip: requires("execsnoop -n, -l and -u show what matches and hide the rest", "speed"),
}, async () => {
  const user = "setpriv --reuid=64321 --regid=64321 --clear-groups";
  const script = `for i in {1..3}; do /bin/true $i; /bin/echo $i; ${user} /bin/true user$i; done`;
  const args = (stdout: string) => rowsIn(stdout).map((row) => row.args);
  const each = (text: string) => [1, 2, 3].map((i) => text + i);
  const [byName] = await record(script, "--json", "-n", "^ec.o$");
  assert.deepEqual(args(byName), each("/bin/echo "));
  const [byLine] = await record(script, "--json", "-l", "echo [13]$");
  assert.deepEqual(args(byLine), ["/bin/echo 1", "/bin/echo 3"]);
  const [byUser] = await record(script, "--json", "-U", "-u", "64321");
  assert.deepEqual(args(byUser), each("/bin/true user"));
  assert.ok(rowsIn(byUser).every(({ uid }) => uid === 64321));
});

test("execsnoop reads arguments that are not in memory yet, as scripts get them", async () => {
  using folder = new Folder();
  const script = `${folder.path}/script`;
  writeFileSync(script, "#!/bin/sh -e\n");
  chmodSync(script, 0o755);
  const page = 4096;
  const words = [script, "first", "", "/bin/true", "second"];
  const text = words.map((word) => word.padEnd(page, "\0")).join("");
  writeFileSync(`${folder.path}/words`, text);
  const exec = (
    ...offsets: number[]
  ) => [buildProgram("exec.c"), "cold", `${folder.path}/words`, ...offsets.map(String)];
  await using ofScript = await Script.of(exec(0, page, 2 * page, 4 * page));
  await using ofProgram = await Script.of(exec(3 * page, 4 * page, 2 * page));
  await using running = await startTool("execsnoop", "--json");
  await ofScript.go();
  await ofProgram.go();
  const rows = rowsOf<Row>(await stopTool(running));
  const argsOf = ({ pid }: Script) => rows.filter((row) => row.pid === pid).map(({ args }) => args);
  assert.deepEqual(argsOf(ofScript), [`${script} first  second`]);
  assert.deepEqual(argsOf(ofProgram), ["/bin/true second "]);
});

test("execsnoop sees calls of any thread, and of descriptors", async () => {
  const program = buildProgram("exec.c");
  await using thread = await Script.of([program, "thread", "/bin/true", "threaded"]);
  await using descriptor = await Script.of([program, "descriptor", "/bin/true", "by number"]);
  await using running = await startTool("execsnoop", "--json", "-x");
  await thread.go();
  await descriptor.go();
  const rows = rowsOf<Row>(await stopTool(running));
  const find = ({ pid }: Script) =>
    rows.filter((row) => row.pid === pid).map(({ comm, ret, args }) => [comm, ret, args]);
  assert.deepEqual(find(thread), [["true", 0, "/bin/true threaded"]]);
  const [[, ret, args] = []] = find(descriptor);
  assert.equal(ret, 0);
  assert.match(String(args), /^\/dev\/fd\/\d+ by number$/);
});

test("execsnoop agrees line by line with libbpf-tools' execsnoop", {
  skip: requires("execsnoop agrees line by line with libbpf-tools' execsnoop", "speed"),
}, async () => {
  await using parent = await Script.start(
    "for i in {1..31}; do /bin/true $i a 'b c'; (exec /nonexistent$i x) 2>/dev/null; done",
  );
  await keepOnOneCpu(parent.pid);
  await using ours = await startTool("execsnoop", "-x", "-P", String(parent.pid));
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/execsnoop", "-x"]);
  await untilExecuted(theirs);
  await parent.go();
  await theirs.find("stdout", /\/nonexistent31/);
  const normal = (stdout: string) =>
    stdout.split("\n").map((line) => line.trim().split(/\s+/).join(" "))
      .filter((line) => line.split(" ")[2] === String(parent.pid));
  theirs.kill("SIGINT");
  const expected = normal((await theirs.result).stdout);
  assert.deepEqual(normal((await stopTool(ours)).stdout), expected);
  assert.equal(expected.length, 62);
});
