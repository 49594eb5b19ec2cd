// Not in guests: the cases test what tools see there; writing files does not depend on the kernel.
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Chromium } from "../support/chromium.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY, runTool, startTool, stopTool, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const eventsOf = (file: string) => JSON.parse(readFileSync(file, "utf8")) as TraceEvent[];

test("opensnoop -o writes every open as an instant of its thread, and prints nothing", async () => {
  using folder = new Folder();
  const [json, binary] = ["opens.trace.json", "opens.perfetto-trace"].map((name) =>
    join(folder.path, name)
  ) as [string, string];
  const last = join(folder.path, "last");
  await using tool = await startTool(
    ...["opensnoop", "-p", String(process.pid), "-x", "-o", json, "-o", binary] as const,
  );
  const [none, there] = [join(folder.path, "n\none"), join(folder.path, "there")];
  const before = performance.now();
  for (let i = 0; i < 97; i++) throws(() => openSync(none, "r"));
  // Not shown with -x, because this open succeeds.
  closeSync(openSync(there, "w"));
  throws(() => openSync(last, "r"));
  const elapsedUs = (performance.now() - before) * 1000;
  const { stdout, stderr } = await stopTool(tool);
  deepEqual([stdout, stderr.replace("ready\n", "")], ["", ""]);
  const opens = eventsOf(json).filter(({ ph }) => ph === "i");
  const ours = opens.filter(({ args }) => args!.path === "n\none" || args!.path === none);
  equal(ours.length, 97);
  equal(opens.filter(({ args }) => args!.path === there).length, 0);
  equal(opens.filter(({ args }) => args!.path === last).length, 1);
  for (const { name, pid, args } of ours) {
    deepEqual([name, pid, args!.fd, args!.err], ["open", process.pid, -1, 2]);
  }
  const times = ours.map(({ ts }) => ts);
  deepEqual(times, times.toSorted((a, b) => a - b));
  ok(times.at(-1)! - times[0]! < elapsedUs, `${times.at(-1)! - times[0]!} ${elapsedUs}`);
  const bytes = readFileSync(binary);
  equal(bytes.toString("latin1").split(last).length - 1, 1);
});

test("-o of events is refused where it makes no sense, and where no file can be written", async () => {
  using folder = new Folder();
  const refused = async (file: string, pattern: RegExp, tool = "opensnoop", ...args: string[]) => {
    const { status, stderr } = await runTool(tool, "-o", file, ...args);
    match(stderr, pattern);
    ok(status === 1 || status === 2);
  };
  await refused("x.txt", /^opensnoop: --output x\.txt does not tell a format of traces/);
  const lost = join(folder.path, "no/x.trace.json");
  await refused(lost, /^opensnoop: Cannot write ".*no\/x\.trace\.json": .*ENOENT/);
});

test("a full disk ends the tool with status 1, and what is missing is told", async () => {
  using folder = new Folder();
  const file = join(folder.path, "x.trace.json");
  const command = [...toolCommand("opensnoop"), "-p", String(process.pid), "-o", file];
  const mount = `mount -t tmpfs -o size=128k none ${folder.path}`;
  await using tool = Running.start(isolated([mount], command), READY);
  await tool.find("stderr", /^ready$/m);
  for (let i = 0; i < 2000; i++) throws(() => openSync("/none/there", "r"));
  const { status, stderr } = await tool.result;
  equal(status, 1, stderr);
  match(
    stderr,
    /^opensnoop: Cannot write ".*": No space left on device \(ENOSPC\): the trace ends here, so/m,
  );
  match(
    stderr,
    /^opensnoop: dropped \d+ events of traces in all: a file had no room for them: make room on its disk$/m,
  );
});

const foreign = "speedscope reads what fileslower -o writes: threads and their time";
test(foreign, { skip: requires(foreign, "full", "chromium") }, async () => {
  using folder = new Folder();
  const [file, script] = [join(folder.path, "io.trace.json"), join(folder.path, "load.js")];
  await using tool = await startTool(
    "fileslower",
    "0",
    "-p",
    String(process.pid),
    "-o",
    file,
  );
  const written = openSync(join(folder.path, "<i>written"), "w");
  for (let i = 1; i <= 13; i++) writeSync(written, "x".repeat(i));
  closeSync(written);
  await stopTool(tool);
  const events = eventsOf(file);
  const ours = events.filter(({ ph, name }) => ph === "X" && name === "write");
  const sizes = ours.filter(({ args }) => args!.filename === "<i>written").map(({ args }) =>
    args!.bytes
  );
  deepEqual(sizes, Array.from({ length: 13 }, (_, i) => i + 1));
  writeFileSync(
    script,
    `speedscope.loadFileFromBase64("io.trace.json", "${readFileSync(file).toString("base64")}")`,
  );
  await using browser = await Chromium.start();
  const app = join(PROJECT, ".tools/npm/node_modules/speedscope/dist/release/index.html");
  const tab = await browser.open(`file://${app}#localProfilePath=${script}`);
  const rows = () =>
    tab.value<string[]>(`[...document.querySelectorAll("tr")].map((row) =>
      [...row.cells].map((cell) => cell.textContent).join("|"))`);
  await tab.until(`document.body.innerText.includes("Sandwich")`);
  await tab.press("3");
  await tab.until(
    `[...document.querySelectorAll("tr")].some((row) => row.textContent.includes('write {'))`,
  );
  const text = (await rows()).join("\n");
  for (let size = 1; size <= 13; size++) {
    match(text, new RegExp(`write \\{.*"bytes":${size},.*<i>written`));
  }
});
