/**
 * Tools escape names that other users choose, wherever they print them: as text, as JSON, on standard
 * error.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";
import { UsdtProcess } from "../support/usdt.ts";
import { Folder } from "../support/workload.ts";

const HEX = "636166e9"; // caf, and a byte that is not UTF-8
const HIDDEN = "caf\\xe9";

/** A shell whose file and command have such a name; it waits before it runs the script. */
function wild(folder: Folder, script: string): Promise<Script> {
  const path = `"$(printf '${folder.path}/caf\\351')"`;
  return Script.start(`cp /bin/bash ${path}; exec ${path} -c '${script}'`);
}

interface Row {
  readonly record?: string;
  readonly comm?: string;
  readonly comm_hex?: string;
}

/** The records of a tool, which must be JSON without lone surrogates. */
function records(stdout: string): Row[] {
  assert.doesNotMatch(stdout, /\\ud[89a-f]/i);
  return stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

for (
  const [tool, ...args] of [
    ["profile", "-F", "997"],
    ["offcputime"],
    ["stackcount", "-P", "t:syscalls:sys_enter_exit_group"],
  ] as const
) {
  const name = `${tool} --json has the exact bytes of names that are not UTF-8`;
  test(name, { skip: requires(name, "speed") }, async () => {
    using folder = new Folder();
    await using workload = await wild(
      folder,
      "for ((i = 0; i < 300000; i++)); do :; done; sleep 0.05; exit",
    );
    await using running = await startTool(tool, "--json", ...args, "-p", String(workload.pid));
    await workload.go();
    const rows = records((await stopTool(running)).stdout).filter(({ comm_hex }) => comm_hex);
    assert.ok(rows.length > 0);
    for (const { comm, comm_hex } of rows) assert.deepEqual([comm, comm_hex], [HIDDEN, HEX]);
  });
}

const counted = "argdist --json has the exact bytes of texts that are not UTF-8";
test(counted, { skip: requires(counted, "speed") }, async () => {
  using folder = new Folder();
  await using workload = await wild(folder, "exit");
  const probe = "t:syscalls:sys_enter_exit_group():char*:$COMM#exits";
  await using tool = await startTool(
    "argdist",
    ...["--json", "-p", String(workload.pid), "-C", probe],
  );
  await workload.go();
  const { stdout } = await stopTool(tool);
  assert.ok(records(stdout).length > 0);
  assert.ok(stdout.includes(`"values":{"$COMM":"caf\\\\xe9","$COMM_hex":"${HEX}"}`), stdout);
});

const listed = "tplist --json has the exact bytes of paths that are not UTF-8";
test(listed, { skip: requires(listed, "speed") }, async () => {
  using folder = new Folder();
  const path = `"$(printf '${folder.path}/caf\\351')"`;
  await using workload = await UsdtProcess.start("pie", ([program]) => [
    ...["bash", "-c", `cp ${program} ${path} && exec ${path}`],
  ]);
  const { stdout } = await runTool("tplist", "--json", "-p", String(workload.pid), "test:plain");
  const [row] = records(stdout) as unknown as { path: string; path_hex: string }[];
  assert.equal(row!.path, `${folder.path}/${HIDDEN}`);
  assert.ok(row!.path_hex.endsWith(HEX));
});

const told = "standard error of tools holds no control bytes of others";
test(told, { skip: requires(told, "speed") }, async () => {
  const name = "no\x1b[31msuch\nfake: line\u202e";
  const cases: [tool: string, ...args: string[]][] = [
    ["tplist", "-l", name],
    ["tplist", name],
    ["funccount", `c:${name}`],
    ["funccount", `${name}:f`],
    ["stackcount", `u:${name}:p`],
    ["funclatency", `t:${name}`],
    ["trace", `${name}:f`],
    ["argdist", "-C", `p:${name}:f():int:1`],
    ["opensnoop", name],
    ["opensnoop", "-u", name],
    ["profile", "-p", name],
    ["execsnoop", "--exec", name],
  ];
  for (const [tool, ...args] of cases) {
    const { stdout, stderr } = await runTool(tool, ...args);
    assert.equal(stdout, "", tool);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stderr, /[\0-\x08\x0b-\x1f\x7f\x80-\x9f\u202e]/, `${tool} ${args}`);
    assert.doesNotMatch(stderr, /^fake: line/m);
  }
});

test("tools write to standard error in one place only, which escapes", () => {
  const files = globSync(["toolkit/**/*.ts", "tools/**/*.ts", "cli/**/*.ts"], { cwd: PROJECT })
    .filter((file) => !/_test\.ts$|\.bpf\.o\.ts$|output\/complain\.ts$/.test(file));
  assert.ok(files.length > 50);
  const writing = files.filter((file) =>
    /console\.(error|warn)\((?!"ready"\))|stderr\.write/.test(readFileSync(PROJECT + file, "utf8"))
  );
  assert.deepEqual(writing, []);
});
