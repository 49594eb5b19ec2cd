import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { keepOnOneCpu, Running, untilSignalled } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  pid: number;
  comm: string;
  sig: number;
  tpid: number;
  result: number;
  call: string;
  ttid: number | null;
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

const NO_PROCESS = 0;
const EBADF = 9;
const CONT = 18;
const TERM = 15;

test("killsnoop shows every call that signals a process, and --threads those to own threads", async () => {
  for (const threads of [false, true]) {
    await using sender = Running.start([buildProgram("signals.c")]);
    const [, pid, ...ids] = await sender.find("stdout", /^pid (\d+)\nchild (\d+) (\d+) (\d+)\n/);
    const [child, thread, own] = ids.map(Number) as [number, number, number];
    const self = Number(pid);
    await using running = await startTool("killsnoop", "--json", ...threads ? ["--threads"] : []);
    sender.send();
    assert.deepEqual((await sender.result).status, 0);
    const rows = rowsOf<Row>(await stopTool(running)).filter((row) => row.pid === self);
    const to = (call: string, tpid: number, ttid: number | null = null, result = 0, sig = CONT) => [
      call,
      tpid,
      ttid,
      sig,
      result,
    ];
    assert.deepEqual(
      rows.map(({ call, tpid, ttid, sig, result }) => [call, tpid, ttid, sig, result]),
      [
        to("kill", child),
        to("tkill", child, thread),
        to("tgkill", child, thread),
        to("rt_sigqueueinfo", child),
        to("rt_tgsigqueueinfo", child, thread),
        to("pidfd_send_signal", child),
        ...threads
          ? [to("tgkill", self, own), to("tkill", self, own), to("tkill", self, self, 0, 0)]
          : [],
        to("tkill", NOBODY, NOBODY, -ESRCH),
        to("tgkill", NOBODY, NOBODY, -ESRCH),
        to("pidfd_send_signal", NO_PROCESS, null, -EBADF),
        to("pidfd_send_signal", NO_PROCESS, null, -EBADF),
        to("pidfd_send_signal", child, null, 0, TERM),
      ],
    );
  }
});

test("killsnoop -T and --call name the process of a thread that is signalled", async () => {
  await using sender = Running.start([buildProgram("signals.c")]);
  const [, child, thread] = await sender.find("stdout", /^child (\d+) (\d+)/m);
  await using running = await startTool("killsnoop", "--call", "-T", child!, "-s", "CONT");
  sender.send();
  assert.deepEqual((await sender.result).status, 0);
  const [head, ...lines] = (await stopTool(running)).stdout.trimEnd().split("\n");
  assert.match(head!, /^TIME {6}PID +COMM {13}SIG {2}TPID +RESULT CALL {14}TTID$/);
  assert.deepEqual(
    lines.map((line) => line.split(/ +/).slice(3)),
    [
      ["18", child, "0", "kill", "-"],
      ["18", child, "0", "tkill", thread],
      ["18", child, "0", "tgkill", thread],
      ["18", child, "0", "rt_sigqueueinfo", "-"],
      ["18", child, "0", "rt_tgsigqueueinfo", thread],
      ["18", child, "0", "pidfd_send_signal", "-"],
    ],
  );
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
