/**
 * Every tool ends after its duration, and at a second signal even if its output is not written yet.
 * tests/support/every_tool.ts says which tools are left out, and why.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PROJECT } from "../support/build.ts";
import { catches } from "../support/caught_signals.ts";
import { type StartableTool, startableTools } from "../support/every_tool.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { READY, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** Runs a command whose standard output is a full pipe that no process reads. */
function startStuck(folder: Folder, command: readonly string[]): Running {
  const script = [
    'mkfifo "$0"',
    'exec 3<>"$0"',
    "dd if=/dev/zero of=/dev/fd/3 bs=4096 count=512 oflag=nonblock 2>/dev/null",
    'exec "$@" >&3',
  ].join("\n");
  return Running.start(["bash", "-c", script, join(folder.path, "pipe"), ...command], READY);
}

/** Tools that print even without events. */
const PRINTS = ["cachestat", "syscount"];

// From the compiled executable, if the gate names one, a start takes a quarter of the CPU time.
const { TSBCC_CASES_EXECUTABLE: executable } = process.env;
const commandOf = (name: string) => executable ? [executable, name] : toolCommand(name);

/** Checks that a tool ends by itself with `--duration`, and prints nothing but records with `--json`. */
async function checkDuration({ tool: { name, options }, args }: StartableTool): Promise<void> {
  const words = [`--${options.duration!.long}`, "0.05", "--json", ...args];
  await using running = Running.start([...commandOf(name), ...words]);
  const { status, signal, stdout, stderr } = await running.result;
  assert.deepEqual([status, signal], [0, null], stderr);
  for (const line of stdout.split("\n")) {
    if (line !== "") assert.equal(typeof JSON.parse(line), "object", line);
  }
}

/** Checks that the second signal ends a tool even if its output is stuck. */
async function checkSignals({ tool: { name }, args }: StartableTool): Promise<void> {
  using folder = new Folder();
  await using running = startStuck(folder, [...commandOf(name), "--json", ...args]);
  let hasEnded = false;
  const result = running.result.finally(() => hasEnded = true);
  await running.find("stderr", /^ready$/m);
  while (!hasEnded && catches(running.pid, "SIGINT")) {
    running.kill("SIGINT");
    await setTimeout(5);
  }
  // A tool without output ends at the first signal; else it is stuck in writing.
  running.kill("SIGINT");
  const { signal, status, stderr } = await result;
  if (PRINTS.includes(name)) assert.equal(signal, "SIGINT", stderr);
  else assert.ok(signal === "SIGINT" || status === 0, `${signal} ${status} ${stderr}`);
}

// tools/plans_test.ts checks the plans for the other options that all tools have.
for (const startable of startableTools) {
  const title =
    `${startable.tool.name} ends after --duration, and at the second signal while nobody reads`;
  test(title, { skip: requires(title, "speed") }, async () => {
    // In parallel: both mostly wait for the kernel to attach and detach.
    await Promise.all([checkDuration(startable), checkSignals(startable)]);
  });
}

/** Writes a tool with this plan to the folder; returns the command that runs it. */
function planCommand(folder: Folder, plan: string): string[] {
  const script = join(folder.path, "tool.ts");
  const from = (path: string) => JSON.stringify(PROJECT + path);
  writeFileSync(
    script,
    `import { main } from ${from("toolkit/run/main.ts")};
    import { defineTool } from ${from("toolkit/run/tool.ts")};
    import { standardOptions } from ${from("toolkit/options/standard_options.ts")};
    import object from ${from("tools/syscount/syscount.bpf.o.ts")};
    await main(defineTool({
      name: "slow",
      summary: "Take long.",
      examples: [],
      object,
      options: standardOptions,
      plan: () => (${plan}),
    }));\n`,
  );
  return scriptCommand(script);
}

const startPlan = (folder: Folder, plan: string, ...args: string[]): Running =>
  Running.start([...planCommand(folder, plan), ...args]);

/** A plan that attaches probes without end. @param next code to run before the next one */
const attaches = (next: string) =>
  `{
    interval: undefined,
    async attach(bpf) {
      console.log("begun");
      for (;;) ${next};
    },
    report() {},
  }`;

test("a tool ends at the first signal while it sets its probes, and says so", async () => {
  using folder = new Folder();
  const plan = attaches("await new Promise((resolve) => setImmediate(resolve))");
  await using running = startPlan(folder, plan);
  await running.find("stdout", /^begun$/m);
  running.kill("SIGINT");
  const { status, stdout, stderr } = await running.result;
  assert.deepEqual([status, stdout, stderr], [
    1,
    "begun\n",
    "slow: a signal came before all probes were set: nothing was traced\n",
  ]);
});

test("a tool ends at the second signal while the kernel sets its probes", async () => {
  using folder = new Folder();
  await using running = startPlan(folder, attaches(""));
  await running.find("stdout", /^begun$/m);
  running.kill("SIGINT");
  while (catches(running.pid, "SIGINT")) await setTimeout(5);
  running.kill("SIGINT");
  const { status, signal, stdout } = await running.result;
  assert.deepEqual([status, signal, stdout], [null, "SIGINT", "begun\n"]);
});

for (const args of [[], ["--json"]]) {
  const title =
    `a first signal ends a report${args.join()} that takes long, which tells what it lacks`;
  test(title, async () => {
    using folder = new Folder();
    // One report, as \`profile 5\` makes it. Its items would take half a day.
    const plan = `{
      interval: 0.001,
      count: 1,
      report: (_bpf, report) => report.each(Array.from({ length: 1e6 }, (_, i) => i), "things", (i) => {
        if (i === 0) console.log("begun");
        for (const end = performance.now() + 50; performance.now() < end;);
      }),
    }`;
    await using running = startPlan(folder, plan, ...args);
    await running.find("stdout", /^begun$/m);
    running.kill("SIGINT");
    const { status, stdout, stderr } = await running.result;
    assert.equal(status, 0, stderr);
    const [, total] = /^slow: truncated (\d+) things: a signal came while the report was made$/m
      .exec(stderr)!;
    const records = stdout.split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map(({ record, what, total }) => [record, what, total]),
      args.length > 0 ? [["truncated", "things", Number(total)]] : [],
    );
  });
}

/** Starts a tool with this plan on a terminal that script(1) makes. */
function startOnTerminal(folder: Folder, plan: string): Running {
  const shell = planCommand(folder, plan).map((word) => `'${word}'`).join(" ");
  return Running.start(["script", "-qec", `exec ${shell}`, "/dev/null"], READY);
}

test("a signal while a tool sets its probes leaves no line of progress on a terminal", async () => {
  using folder = new Folder();
  const plan = attaches("await new Promise((resolve) => setTimeout(resolve, 1))");
  await using running = startOnTerminal(folder, plan.replace('"begun"', '"begun", process.pid'));
  const [, pid] = await running.find("stdout", /begun (\d+)/);
  process.kill(Number(pid), "SIGINT");
  const { status, stdout } = await running.result;
  const [, after] = stdout.split(/begun \d+\r\n/);
  assert.deepEqual([status, after], [
    1,
    "\r\x1b[Kslow: a signal came before all probes were set: nothing was traced\r\n",
  ]);
});

test("a second signal ends a tool while it makes the last report, and its line says what is not done", async () => {
  using folder = new Folder();
  const plan = `{
    interval: undefined,
    attach: async () => (console.log("pid", process.pid), []),
    report() {
      console.log("begun");
      for (;;);
    },
  }`;
  await using running = startOnTerminal(folder, plan);
  await running.find("stdout", /^ready/m);
  const pid = Number((await running.find("stdout", /pid (\d+)/))[1]);
  process.kill(pid, "SIGINT");
  await running.find("stdout", /begun/);
  process.kill(pid, "SIGINT");
  const { status, stdout } = await running.result;
  // 128 plus the signal's number, as shells report it.
  assert.equal(status, 130, stdout);
  assert.ok(stdout.endsWith("slow: making the report; Ctrl-C ends without it …begun\r\n"), stdout);
});

test("a tool says on a terminal, and only there, what it does that may take long", async () => {
  using folder = new Folder();
  const command = planCommand(
    folder,
    `{ interval: 0.001, count: 1, attach: () => [], report() {} }`,
  );
  const shell = command.map((word) => `'${word}'`).join(" ");
  // script(1) makes a terminal.
  const shown = await Running.start(["script", "-qec", shell, "/dev/null"]).result;
  assert.equal(shown.status, 0, shown.stdout);
  for (const what of ["attaching", "making the report; Ctrl-C ends without it"]) {
    assert.ok(shown.stdout.includes(`\r\x1b[Kslow: ${what} …\r\x1b[K`), shown.stdout);
  }
  const piped = await Running.start(command).result;
  assert.deepEqual([piped.status, piped.stdout, piped.stderr], [0, "", ""]);
});
