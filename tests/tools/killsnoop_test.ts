import assert from "node:assert/strict";
import { test } from "node:test";
import { keepOnOneCpu, Running, untilSignalled } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { helpNames, refuses, rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  pid: number;
  comm: string;
  sig: number;
  tpid: number;
  result: number;
}

const NOBODY = 4194305; // above any pid
const ESRCH = 3;

/** Runs a script under killsnoop. */
async function record(script: string, ...args: string[]): Promise<[rows: Row[], pid: number]> {
  await using sender = await Script.start(script);
  await using running = await startTool("killsnoop", "--json", ...args);
  await sender.go();
  const rows = rowsOf<Row>(await stopTool(running));
  return [rows.filter(({ pid }) => pid === sender.pid), sender.pid];
}

test("killsnoop reports 97 signals and 13 that nobody gets, exactly and in order", async () => {
  const script = `for i in {1..97}; do kill -0 $$; done
    for i in {1..13}; do kill -TERM ${NOBODY} 2>/dev/null; done
    sleep 100 & kill -KILL $!; wait $! 2>/dev/null`;
  const [rows, pid] = await record(script);
  const row = { pid, comm: "bash" };
  const last = rows.pop()!;
  assert.deepEqual(
    rows.map(({ pid, comm, sig, tpid, result }) => ({ pid, comm, sig, tpid, result })),
    [
      ...Array(97).fill({ ...row, sig: 0, tpid: pid, result: 0 }),
      ...Array(13).fill({ ...row, sig: 15, tpid: NOBODY, result: -ESRCH }),
    ],
  );
  assert.deepEqual([last.sig, last.result, last.tpid > 1], [9, 0, true]);
});

test("killsnoop -x, -s, -T and -p show what they say and hide the rest", async () => {
  await using receiver = await Script.start("");
  const script = `trap : USR1; for i in {1..5}; do
      kill -USR1 $$; kill -WINCH $$; kill -0 ${receiver.pid}; kill -CONT ${NOBODY} 2>/dev/null
    done`;
  const seen = async (...args: string[]) => {
    const [rows, pid] = await record(script, ...args);
    return rows.map((row) => `${row.sig} ${row.tpid === pid ? "self" : row.tpid}`);
  };
  const five = (...texts: string[]) => Array(5).fill(texts).flat();
  assert.deepEqual(await seen("-x"), five(`18 ${NOBODY}`));
  assert.deepEqual(await seen("-s", "10,SIGCONT"), five("10 self", `18 ${NOBODY}`));
  assert.deepEqual(await seen("-T", String(receiver.pid)), five(`0 ${receiver.pid}`));
  assert.deepEqual(await seen("-p", String(receiver.pid)), []);
});

test("killsnoop prints bcc's table and agrees with libbpf-tools' killsnoop", {
  skip: requires("killsnoop prints bcc's table and agrees with libbpf-tools' killsnoop", "speed"),
}, async () => {
  const script =
    `for i in {1..31}; do kill -0 $$; kill -TERM ${NOBODY} 2>/dev/null; done; kill -64 $$`;
  await using sender = await Script.start(`trap : 64; ${script}`);
  await keepOnOneCpu(sender.pid);
  await using ours = await startTool("killsnoop", "-p", String(sender.pid));
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/killsnoop"]);
  await untilSignalled(theirs);
  await sender.go();
  await theirs.find("stdout", new RegExp(`${sender.pid} .* 64 +${sender.pid}`));
  theirs.kill("SIGINT");
  const { stdout } = await stopTool(ours);
  assert.match(stdout, /^TIME {6}PID +COMM {13}SIG {2}TPID +RESULT\n\d\d:\d\d:\d\d {2}\d/);
  const normal = (text: string) =>
    text.split("\n").map((line) => line.trim().split(/\s+/).slice(1).join(" "))
      .filter((line) => line.startsWith(`${sender.pid} `));
  const expected = normal((await theirs.result).stdout);
  assert.deepEqual(normal(stdout), expected);
  assert.equal(expected.length, 63);
});

const USAGE = "killsnoop -h names every option of bcc's tool, and no others are taken";
test(USAGE, { skip: requires(USAGE, "speed") }, async () => {
  await helpNames("killsnoop", "-x --failed -p --pid -T --tpid -s --signal --json --help");
  await refuses("killsnoop", [
    [["-s", "65"], /invalid value "65" for -s\/--signal: expected signals by number, at most 64/],
    [["-T", "0"], /invalid value "0" for -T\/--tpid: expected a process id/],
  ]);
});
