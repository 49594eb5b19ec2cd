import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { commands, tools } from "../../tools/list.ts";
import { PROJECT } from "../support/build.ts";
import { type Result, run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY, rowsOf, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const EXECUTABLE = `${PROJECT}dist/ts-bcc`;
const NAMES = Object.keys(tools);
/** All names, including commands that are a tool with fixed arguments, such as javacalls. */
const ALL = [...NAMES, ...Object.keys(commands)].sort();
const HELP = "Try 'ts-bcc --help' for more information.";

const tsBcc = (...words: string[]): Promise<Result> => run([EXECUTABLE, ...words]);

/** Registers a test that does not depend on the kernel, and so is not run in guests. */
const testOnce = (name: string, body: () => Promise<void>) =>
  test(name, { skip: requires(name, "speed") }, body);

test("ts-bcc is within 5 % of the size of one tool", () => {
  const one = statSync(`${PROJECT}dist/opensnoop`).size;
  const all = statSync(EXECUTABLE).size;
  assert.ok(all < one * 1.05, `${all} against ${one} bytes`);
});

test("ts-bcc list tells each tool and what it shows", async () => {
  const { status, stdout } = await tsBcc("list");
  assert.equal(status, 0);
  const modules = readdirSync(`${PROJECT}tools`).filter((name) =>
    existsSync(`${PROJECT}tools/${name}/${name}.ts`)
  );
  assert.deepEqual(NAMES.toSorted(), modules.sort());
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ALL);
  for (const line of lines) assert.match(line, /^\S+ {2,}[A-Z].*\.$/);
});

testOnce("ts-bcc NAME --help is each tool's own", async () => {
  for (const name of NAMES) {
    const { status, stdout } = await tsBcc(name, "--help");
    assert.equal(status, 0, name);
    assert.ok(stdout.startsWith(`usage: ${name} `), stdout);
  }
});

testOnce("ts-bcc runs a tool by a name that stands for it with arguments", async () => {
  for (const [name, [tool]] of Object.entries(commands)) {
    const { status, stdout } = await tsBcc(name, "--help");
    assert.equal(status, 0, name);
    assert.ok(stdout.startsWith(`usage: ${tool} `), stdout);
  }
  // The command fixes the language, so the missing argument is the process.
  const { status, stderr } = await tsBcc("phpcalls");
  assert.equal(status, 2);
  assert.match(stderr, /^ucalls: expected the pid of the process to trace\n/);
});

testOnce("ts-bcc and each tool tell their version, and those of what they run on", async () => {
  const pattern =
    / 0\.1\.0\n(commit [0-9a-f]{12}(, with changes)?\n)?(Bun|Deno) [\d.]+, libbpf [\d.]+, (x64|arm64)\n$/;
  for (const words of [["ts-bcc"], ...NAMES.map((name) => [`${name} (ts-bcc)`, name])]) {
    const [title, ...name] = words;
    const { status, stdout, stderr } = await tsBcc(...name, "--version");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.ok(stdout.startsWith(title!), stdout);
    assert.match(stdout.slice(title!.length), pattern);
  }
});

testOnce("ts-bcc refuses what it does not know in one sentence", async () => {
  const cases: [string[], RegExp][] = [
    [[], /^ts-bcc: expected the name of a tool or a command$/m],
    [["nosuch"], /^ts-bcc: no tool or command is called "nosuch": 'ts-bcc list' tells them$/m],
    [["list", "more"], /^ts-bcc: unexpected argument "more"$/m],
    [["completions", "tcsh"], /^ts-bcc: completions needs a shell: bash, zsh, fish$/m],
    [["install"], /^ts-bcc: install needs a DIRECTORY$/m],
    [["constructor"], /^ts-bcc: no tool or command is called "constructor"/m],
  ];
  for (const [words, pattern] of cases) {
    const { status, stdout, stderr } = await tsBcc(...words);
    assert.deepEqual([status, stdout], [2, ""], words.join(" "));
    assert.match(stderr, pattern);
    assert.equal(stderr.split("\n")[1], HELP);
  }
});

testOnce("ts-bcc check names the line of a script as it was written", async () => {
  using folder = new Folder();
  const path = `${folder.path}/script.ts`;
  writeFileSync(
    path,
    [
      'import { kernel, print, tracepoint } from "ts-bcc";',
      "export default kernel({}, {",
      '  exec: tracepoint("sched/sched_process_exec", (e): void => {',
      "    const limit: number = 3;",
      "",
      "    if (limit > 2)",
      "      print(e.nope as bigint);",
      "  }),",
      "});",
      "",
    ].join("\n"),
  );
  const { status, stderr } = await tsBcc("check", path);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'ts-bcc: Cannot compile program "exec" (script.ts:7:13): tracepoint sched/sched_process_exec has no ' +
      'field "nope": it has filename, pid, old_pid\n' +
      "  line 7: print(e.nope as bigint);\n" +
      "                ^^^^^^\n",
  );
});

testOnce("ts-bcc knows all words by their names, whatever its bundler calls them", async () => {
  const numbers = ["pid", "tid", "uid", "gid", "ktime", "bootTime", "cpu", "cgroupId", "random"];
  const text = `rawTracepoint("sys_enter", ({ args: [x, y] }) => {
    print(comm(), unsigned(x, 8), signed(y), userNumber(x, 32), kernelNumber(y, 32), ip(x), userString(x));
    print(kernelString(y), currentTask(), cast(y, "struct sock"), ${
    numbers.map((each) => `${each}()`).join()
  });
    if (has("struct task_struct", "pid")) n.increment(userStack());
    k.increment(kernelStack());
  })`;
  const { status, stdout, stderr } = await tsBcc("check", "-e", text);
  assert.deepEqual([status, stdout, stderr], [0, "compiled program\n", ""]);
});

test("ts-bcc install makes links by which each tool runs", async () => {
  using folder = new Folder();
  assert.equal((await tsBcc("install", folder.path)).status, 0);
  assert.equal((await tsBcc("install", folder.path)).status, 0, "a second time, over the first");
  assert.deepEqual(readdirSync(folder.path).sort(), ALL);
  for (const name of ALL) assert.equal(readlinkSync(`${folder.path}/${name}`), EXECUTABLE);

  await using workload = await Workload.start(`missing=${folder.path}/gone:7`);
  const args = ["--json", "-p", String(workload.pid)];
  await using running = Running.start([`${folder.path}/opensnoop`, ...args], READY);
  await running.find("stderr", /^ready$/m);
  await workload.go();
  running.kill("SIGINT");
  assert.equal(rowsOf(await running.result).length, 7);
});

test("ts-bcc install leaves other people's files alone", async () => {
  using folder = new Folder();
  const path = `${folder.path}/${ALL[0]}`;
  writeFileSync(path, "");
  const { status, stderr } = await tsBcc("install", folder.path);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `ts-bcc: Cannot make the link "${path}": there is something else of that name: move it away\n`,
  );
  assert.equal((await tsBcc("install", `${folder.path}/nothing`)).status, 1);
});

testOnce("ts-bcc completions offers tools and options in bash", async () => {
  using folder = new Folder();
  const script = `${folder.path}/script`;
  writeFileSync(script, (await tsBcc("completions", "bash")).stdout);
  const complete = (...words: string[]) => {
    const { stdout, stderr } = spawnSync("bash", [
      "-c",
      `
      source "$1"; shift
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _ts_bcc; printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      script,
      ...words,
    ], { encoding: "utf8" });
    assert.equal(stderr, "");
    return stdout.trimEnd().split("\n");
  };
  assert.deepEqual(complete("ts-bcc", "opens"), ["opensnoop"]);
  assert.deepEqual(complete("ts-bcc", "javaca"), ["javacalls"]);
  assert.deepEqual(complete("ts-bcc", "javacalls", "--lat"), ["--latency"]);
  assert.deepEqual(complete("ts-bcc", "opensnoop", "--du"), ["--duration"]);
  assert.deepEqual(complete("/usr/sbin/opensnoop", "--ful"), ["--full-path"]);
  assert.deepEqual(complete("ts-bcc", "completions", "z"), ["zsh"]);
});

testOnce("ts-bcc completions for zsh and fish are valid there", async () => {
  for (const shell of ["zsh", "fish"]) {
    const { stdout: script } = await tsBcc("completions", shell);
    const { status, stderr } = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""], shell);
    for (const name of ALL) assert.ok(script.includes(name), name);
  }
});

test("ts-bcc doctor tells whether tools can work", async () => {
  const { status, stdout } = await tsBcc("doctor");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ {2}yes {2}privileges +loading programs$/m);
  assert.match(stdout, /^Tools can work here\.$/m);

  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const refused = await run([...nobody, EXECUTABLE, "doctor"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /^ {2}NO {3}privileges .*\n.*\n {7}fix: run it as root \(sudo\)$/m);
  assert.match(refused.stdout, /^Tools cannot work here: see the lines that say NO\.$/m);

  const checks = rowsOf<{ name: string; basic: boolean; answer: string; fix?: string }>(
    await tsBcc("doctor", "--json"),
  );
  assert.ok(checks.filter(({ basic }) => basic).every(({ answer }) => answer === "yes"));
  assert.ok(checks.every(({ answer, fix }) => answer === "yes" || fix !== undefined));
});

test("ts-bcc doctor tells whether tools can work where tracefs is not mounted", async () => {
  const checked = async (...user: string[]) => {
    const command = isolated(WITHOUT_TRACEFS, [...user, EXECUTABLE, "doctor"]);
    const { status, stdout } = await run(command);
    const lines = stdout.split("\n").filter((line) =>
      /^ {2}(\S+) +tracepoints |^ {2}NO /.test(line)
    );
    return { status, lines, conclusion: stdout.trimEnd().split("\n").at(-1) };
  };
  assert.deepEqual(await checked(), {
    status: 0,
    lines: ["  yes  tracepoints        most tools"],
    conclusion: "Tools can work here.",
  });
  // Without CAP_SYS_ADMIN only fsopen(2) fails.
  assert.deepEqual(await checked("setpriv", "--bounding-set=-sys_admin"), {
    status: 1,
    lines: ["  NO   tracepoints        most tools"],
    conclusion: "Tools cannot work here: see the lines that say NO.",
  });
});
