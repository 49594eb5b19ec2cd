// Not in guests: it packs and installs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { makePackages, named } from "../support/packages.ts";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { READY } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const DEPENDENCIES = ["acorn", "get-east-asian-width"];
const RUNTIMES = [["bun"], ["deno", "run", "--allow-all"]];

/** A user's program in TypeScript that imports the installed package; it prints what it traced. */
const SCRIPT = `
import { rmdirSync } from "node:fs";
import process from "node:process";
import { Bpf, struct, u32 } from "ts-bcc";
import { kernel, pid, ringBuffer, tracepoint } from "ts-bcc/kernel";
import { log2Lines } from "ts-bcc/histogram";

const Call = struct("call", { pid: u32 });
const code = kernel({ maps: { calls: ringBuffer(Call) } }, {
  enter: tracepoint("syscalls/sys_enter_rmdir", (_, { calls }) => calls.emit({ pid: pid() })),
});
using bpf = Bpf.load(code);
bpf.attach();
const calls = bpf.events("calls");
try {
  rmdirSync("/nonexistent/ts-bcc");
} catch {
  // As it should.
}
for await (const call of calls) if (call.pid === process.pid) break;
console.log("seen", typeof log2Lines);
process.exit();
`;

const TYPES = `
import { Bpf } from "ts-bcc";
import { filterOptions } from "ts-bcc/toolkit";

const pid: number | undefined = filterOptions.pid.initial;
// @ts-expect-error: types are there: it takes no number
Bpf.load(1);
export { pid };
`;

const NPM = "the package of npm is installed from its file, and works under both runtimes";
test(NPM, { skip: requires(NPM, "full") }, async () => {
  using folder = new Folder();
  const { path } = folder;
  await makePackages(path, "npm");
  const file = named(path, ".tgz");
  const readme = readFileSync(`${PROJECT}README.md`, "utf8");
  const line = /^ {4}\.\/package\.sh npm && npm install \.\/dist\/(\S+) && sudo npx (.+?) +#/m;
  const [, named_, words] = line.exec(readme)!;
  assert.equal(basename(file), named_);

  const project = `${path}/project`;
  mkdirSync(project);
  // Dependencies come from .tools, so that npm needs no network.
  const modules = DEPENDENCIES.map((name) => `${PROJECT}.tools/npm/node_modules/${name}`);
  const flags = ["--offline", "--install-links", "--ignore-scripts", "--no-audit", "--no-fund"];
  const install = ["npm", "install", ...flags, "--cache", `${path}/cache`, file, ...modules];
  execFileSync(install[0]!, install.slice(1), { cwd: project, stdio: "pipe" });

  writeFileSync(`${project}/script.ts`, SCRIPT);
  for (const runtime of RUNTIMES) {
    const { status, stdout, stderr } = await run([...runtime, "script.ts"], { cwd: project });
    assert.deepEqual([status, stdout], [0, "seen function\n"], stderr);
  }
  writeFileSync(`${project}/types.ts`, TYPES);
  const checked = await run(["deno", "check", "--quiet", "types.ts"], { cwd: project });
  assert.equal(checked.status, 0, checked.stderr);

  await using workload = await Workload.start(`missing=${path}/gone:7`);
  // The command that npx and bunx run must ignore configuration files in the current folder.
  writeFileSync(`${project}/bunfig.toml`, 'preload = ["./preload.ts"]\n');
  writeFileSync(`${project}/preload.ts`, 'throw new Error("preloaded");\n');
  const command = ["npx", "--no-install", ...words!.split(" "), "--json"];
  await using running = Running.start([...command, "-p", String(workload.pid), "-d", "20"], {
    ...READY,
    cwd: project,
  });
  await running.find("stderr", /^ready$/m);
  await workload.go();
  await running.find("stdout", new RegExp(`${path}/gone6"`));
});

const JSR = "what goes to JSR is the library alone, and has no slow types";
test(JSR, { skip: requires(JSR, "full") }, async () => {
  const words = ["publish", "--dry-run", "--allow-dirty"];
  const { status, stdout, stderr } = await run(["deno", ...words], { cwd: PROJECT });
  assert.equal(status, 0, stderr);
  const files = [...(stdout + stderr).matchAll(/^ +file:\/\/(\S+) \(/gm)]
    .map(([, file]) => file!.slice(PROJECT.length));
  for (const needed of ["mod.ts", "kernel.ts", "LICENSE", "NOTICE", "deno.json"]) {
    assert.ok(files.includes(needed), needed);
  }
  const others = files.filter((file) => !/^(bpf|ffi|toolkit)\/|^[\w.]+$/.test(file));
  assert.deepEqual([others, files.filter((file) => file.endsWith("_test.ts"))], [[], []]);
});
