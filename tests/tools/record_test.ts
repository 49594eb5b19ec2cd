// Not in guests: the cases test what tools see there; writing files does not depend on the kernel.
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { Recording } from "../../toolkit/recording/recording.ts";
import { PROJECT } from "../support/build.ts";
import { FunctionsProgram } from "../support/functions.ts";
import { run, Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { isolated, READY, runTool, startTool, stopTool, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const EXECUTABLE = process.env.TSBCC_EXECUTABLE;
const REPLAY = [
  ...EXECUTABLE ? [EXECUTABLE] : scriptCommand(join(PROJECT, "cli/ts_bcc.ts")),
  "replay",
];
const replay = (...words: string[]) => run([...REPLAY, ...words]);

test("opensnoop --record keeps the lines of --json, and replay shows them in every way", async () => {
  using folder = new Folder();
  const file = join(folder.path, "opens.rec");
  const args = ["-p", String(process.pid), "--record", file, "--json"];
  await using tool = await startTool("opensnoop", ...args);
  const [there, gone] = [join(folder.path, "there"), join(folder.path, "gone")];
  for (let i = 0; i < 97; i++) closeSync(openSync(there, "w"));
  for (let i = 0; i < 13; i++) throws(() => openSync(gone, "r"));
  throws(() => openSync(join(folder.path, "last"), "r"));
  await tool.find("stdout", /last"/);
  const { stdout: live, stderr } = await stopTool(tool);
  match(stderr, /^opensnoop: recording to .*opens\.rec$/m);
  const [json, table, about] = await Promise.all([
    replay("--json", file),
    replay(file),
    replay("--about", file),
  ]);
  deepEqual([json.stdout, json.stderr, json.status], [live, "", 0]);
  ok(live.split("\n").filter((line) => line.includes(`"${there}"`)).length === 97);
  const [heading, ...rows] = table.stdout.trimEnd().split("\n");
  equal(heading, "PID     COMM               FD ERR PATH");
  equal(
    rows.filter((row) => row.startsWith(`${process.pid} `) && row.endsWith(` -1   2 ${gone}`))
      .length,
    13,
  );
  match(
    about.stdout,
    /^tool: {5}opensnoop -p \d+ --record .*\n.*\n.*\nrecords: {2}\d+, .* to .*\nmissing: {2}nothing\n$/,
  );

  await using served = Running.start([...REPLAY, "--prometheus", "0", "--labels", "path", file]);
  const url = (await served.find("stderr", /metrics are at (http:\S+)$/m))[1]!;
  await served.find("stderr", /all is replayed; Ctrl-C ends/);
  match(await (await fetch(url)).text(), new RegExp(`_events_total{path="${there}"} 97\n`));
  served.kill("SIGINT");
  equal((await served.result).status, 0);
});

test("histograms, stacks and reports are recorded, and drawn from the file", async () => {
  using folder = new Folder();
  const file = (name: string) => join(folder.path, name);
  using program = new FunctionsProgram();
  await using running = await program.start();
  const functions = `${program.path}:(calls|naps)`;
  await using latency = await startTool(
    ...["funclatency", "-F", "-u", "--record", file("latency"), "--json", "-r", functions] as const,
  );
  await using counter = await startTool(
    ...["stackcount", "-p", String(process.pid), "--record", file("stacks"), "--json"] as const,
    "t:syscalls:sys_enter_openat",
  );
  await running.go();
  for (let i = 0; i < 97; i++) throws(() => openSync(file("none"), "r"));
  const [live, counted] = await Promise.all([stopTool(latency), stopTool(counter)]);
  const [histograms, table, stacks, drawn] = await Promise.all([
    replay("--json", file("latency")),
    replay(file("latency")),
    replay("--json", file("stacks")),
    replay("-o", file("p.svg"), "-o", file("p.folded"), file("stacks")),
  ]);
  match(live.stdout, /"record":"histogram"/);
  equal(histograms.stdout, live.stdout);
  match(
    table.stdout,
    /^\d\d:\d\d:\d\d\n\nfunction = calls_\d, .*\n {5}usecs +: count +distribution$/m,
  );
  equal(stacks.stdout, counted.stdout);
  deepEqual([drawn.status, drawn.stdout], [0, ""]);
  match(readFileSync(file("p.svg"), "utf8"), /^<svg|<\?xml/);
  const sums = (text: string, pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
  const folded = sums(readFileSync(file("p.folded"), "utf8"), / (\d+)$/gm);
  ok(folded >= 97, String(folded));
  equal(folded, sums(counted.stdout, /"count":(\d+)/g));
});

test("a full disk is one sentence: the tool ends, or goes on, and the file can be read", async () => {
  using folder = new Folder();
  const mounted = join(folder.path, "small");
  mkdirSync(mounted);
  const file = join(mounted, "rec");
  const start = async (...more: string[]) => {
    const running = Running.start(
      isolated(
        [`mount -t tmpfs -o size=64k none ${mounted}`],
        [...toolCommand("opensnoop"), "-p", String(process.pid), "--record", file, ...more],
      ),
      READY,
    );
    await running.find("stderr", /^ready$/m);
    return running;
  };
  /** Makes opens whose records take some 200 KiB. */
  const fill = () => {
    for (let i = 0; i < 2000; i++) {
      throws(() => openSync(`/none/${randomBytes(100).toString("hex")}`, "r"));
    }
  };
  const full =
    /^opensnoop: Cannot write ".*": No space left on device \(ENOSPC\): what has no room is not recorded(.*)$/gm;
  await using ending = await start();
  await using going = await start("--record-full", "go-on");
  fill();
  const ended = await ending.result;
  equal(ended.status, 1, ended.stderr);
  deepEqual([...ended.stderr.matchAll(full)].map(([, end]) => end), [", so the tool ends"]);
  await going.find("stderr", new RegExp(full, "m"));
  {
    using recording = Recording.open([`/proc/${going.pid}/root${file}`]);
    const lines = [...recording.blocks()].flat();
    equal(recording.missing.bytes, 0);
    ok(recording.head?.tool === "opensnoop" && lines.length < 4000);
  }
  going.kill("SIGINT");
  const went = await going.result;
  equal(went.status, 1);
  deepEqual([...went.stderr.matchAll(full)].map(([, end]) => end), [""]);
  match(went.stderr, /^opensnoop: dropped \d+ records in all: the file had no room for them/m);
  equal(existsSync(file), false);
});

test("--record and replay refuse in one sentence what they cannot do", async () => {
  using folder = new Folder();
  const [missing, wrong, alone, other] = await Promise.all([
    replay(join(folder.path, "none")),
    replay(join(PROJECT, "README.md")),
    replay(),
    runTool("opensnoop", "--record-size", "5"),
  ]);
  match(missing.stderr, /^ts-bcc: Cannot open ".*none": No such file or directory \(ENOENT\)\n$/);
  match(
    wrong.stderr,
    /^ts-bcc: Cannot replay ".*README.md": it has no whole block of a recording \(--record\)\n$/,
  );
  match(alone.stderr, /^ts-bcc: replay needs a FILE\n/);
  match(
    other.stderr,
    /^opensnoop: --record-size, --record-files and --record-full are those of --record\n/,
  );
  deepEqual([missing, wrong, alone, other].map(({ status }) => status), [1, 1, 2, 2]);
});
