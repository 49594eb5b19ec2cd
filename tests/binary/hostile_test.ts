// Not in guests: what executables take from their environment is no matter of the kernel.
/**
 * Files in the current folder and environment variables must not change what an executable runs.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY, withCapabilities } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const EXECUTABLES = ["opensnoop", "ts-bcc"] as const;
const pathOf = (name: string) => `${PROJECT}dist/${name}`;

/**
 * A folder with configuration files that Bun and Deno look for; loading one of them would create
 * `mark`.
 */
class Hostile extends Folder {
  readonly mark = `${this.path}/mark/made`;
  readonly script = `${this.path}/leave_mark.js`;

  constructor() {
    super();
    const { path, script } = this;
    mkdirSync(`${path}/mark`);
    chmodSync(path, 0o755);
    chmodSync(`${path}/mark`, 0o777);
    const code = `require("node:fs").writeFileSync(${JSON.stringify(this.mark)}, "made");\n`;
    const files = {
      "leave_mark.js": code,
      "bunfig.toml": `preload = [${JSON.stringify(script)}]\n`,
      ".bunfig.toml": `preload = [${JSON.stringify(script)}]\n`,
      ".env": `BUN_OPTIONS="--preload=${script}"\nTSBCC_LIBBPF=/nonexistent\nTSBCC_READY=0\n`,
      "package.json": JSON.stringify({ type: "commonjs", imports: { "node:fs": script } }),
      "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "*": [script] } } }),
      "deno.json": JSON.stringify({ imports: { "node:fs": script } }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
    for (const name of ["fs", "node:fs", "bun", "bun:ffi", "process", "@std/cli"]) {
      mkdirSync(`${path}/node_modules/${name}`, { recursive: true });
      writeFileSync(`${path}/node_modules/${name}/index.js`, code);
    }
  }

  /** Environment variables by which a runtime or the C library would load code or options. */
  get environment(): Record<string, string> {
    const preload = `--preload=${this.script}`;
    return {
      BUN_OPTIONS: preload,
      BUN_BE_BUN: "1",
      BUN_INSPECT_PRELOAD: this.script,
      NODE_OPTIONS: `--require=${this.script}`,
      NODE_PATH: `${this.path}/node_modules`,
      HOME: this.path,
      XDG_CONFIG_HOME: this.path,
    };
  }
}

/** The allowed standard error: the traced process may end before the signal comes. */
const ONLY_READY = /^ready\n(opensnoop: process \d+ ended\n)?$/;

/** Checks that a tool counts a workload's opens exactly, and that `mark` was not created. */
async function countsExactly(command: string[], cwd: string, env: Record<string, string>) {
  using folder = new Folder();
  await using workload = await Workload.start(`missing=${folder.path}/gone:13`);
  const words = [...command, "--json", "-p", String(workload.pid)];
  await using running = Running.start(words, { cwd, env: { ...env, ...READY.env } });
  await running.find("stderr", /^ready$/m);
  await workload.go();
  running.kill("SIGINT");
  const { status, stdout, stderr } = await running.result;
  assert.equal(status, 0);
  assert.match(stderr, ONLY_READY);
  assert.equal(stdout.trim().split("\n").length, 13);
}

const commandOf = (name: string, path = pathOf(name)) =>
  name === "ts-bcc" ? [path, "opensnoop"] : [path];

for (const name of EXECUTABLES) {
  test(`dist/${name} takes nothing from the current folder and from BUN_ variables`, async () => {
    using hostile = new Hostile();
    await countsExactly(commandOf(name), hostile.path, hostile.environment);
    assert.ok(!existsSync(hostile.mark));
  });
}

const CAPABILITIES = "an executable with file capabilities believes no environment";
test(CAPABILITIES, { skip: requires(CAPABILITIES, "speed") }, async () => {
  using hostile = new Hostile();
  const copy = `${hostile.path}/opensnoop`;
  copyFileSync(pathOf("opensnoop"), copy);
  const env = {
    ...hostile.environment,
    TSBCC_LIBBPF: "/nonexistent/libbpf.so",
    TSBCC_LIBELF: "/nonexistent/libelf.so",
    BCC_KERNEL_SOURCE: hostile.path,
    TMPDIR: "/nonexistent",
  };
  // Without file capabilities or setuid the user may choose the library.
  const { status, stderr } = await Running.start([copy, "-d", "1"], { env }).result;
  assert.equal(status, 1);
  assert.match(stderr, /^opensnoop: Cannot open lib(elf|bpf)\.so\.1 from "\/nonexistent\//);

  const names = "cap_bpf,cap_perfmon,cap_dac_read_search+ep";
  const set = spawnSync("/usr/sbin/setcap", [names, copy], { encoding: "utf8" });
  assert.equal(set.status, 0, set.stderr);
  await countsExactly(withCapabilities([], [copy]), hostile.path, env);
  assert.ok(!existsSync(hostile.mark));
});

test("a command of --exec has the environment that the executable was given", async () => {
  const env = { BUN_FIRST: "1", NODE_FIRST: "3" };
  const command = [pathOf("opensnoop"), "-n", "none", "--exec", "env"];
  const { status, stdout } = await Running.start(command, { env }).result;
  assert.equal(status, 0);
  for (const line of ["BUN_FIRST=1", "NODE_FIRST=3"]) {
    assert.ok(stdout.split("\n").includes(line), line);
  }
  // Other variables are kept, and the guard's own variables are not passed on.
  assert.match(stdout, /^PATH=/m);
  assert.doesNotMatch(stdout, /BUN_JSC_/);
});

test("executables show their help where /proc is not mounted, and else say so", async () => {
  for (const name of EXECUTABLES) {
    const without = (...args: string[]) =>
      Running.start(isolated(["umount -l /proc"], [pathOf(name), ...args])).result;
    const help = await Running.start([pathOf(name), "-h"]).result;
    for (const option of ["-h", "--help"]) {
      const { status, stdout, stderr } = await without(option);
      assert.deepEqual([status, stdout, stderr], [0, help.stdout, ""]);
    }
    const { status, stdout, stderr } = await without("-x");
    const sentence = `${name}: /proc is not mounted: mount it with: mount -t proc proc /proc\n`;
    assert.deepEqual([status, stdout, stderr], [1, "", sentence]);
  }
});

test("executables say in one sentence when they may use too little address space", async () => {
  for (const name of EXECUTABLES) {
    const script = 'ulimit -v 2000000; exec "$@"';
    const command = ["sh", "-c", script, "sh", ...commandOf(name), "-d", "1"];
    const { status, stdout, stderr } = await Running.start(command).result;
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      /^opensnoop: [^\n]* 1953 MiB of address space, [^\n]*\(ulimit -v unlimited\)\n$/,
    );
  }
});
