// Not in guests: it compiles.
/** Tests the tool that docs/authors.md shows, in a folder outside the project. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Script } from "../support/script.ts";
import { Site } from "../support/site.ts";
import { READY } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/**
 * Writes the page's files to a folder, importing the library from a given place; returns the tool's
 * path.
 */
function author(
  folder: Folder,
  library: (part: string) => string = (part) => PROJECT + part,
): string {
  const page = readFileSync(`${PROJECT}docs/authors.md`, "utf8");
  const [c, ts] = ["c", "ts ignore"].map((language) =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(page)![1]!
  ) as [string, string];
  const path = `${folder.path}/my tools`;
  mkdirSync(path);
  writeFileSync(`${path}/chdirs.bpf.c`, c);
  writeFileSync(`${path}/chdirs.ts`, ts.replace(/"…\/(.*)"/g, (_, part) => `"${library(part)}"`));
  return `${path}/chdirs.ts`;
}

/** Writes the page's tool that is one file; returns its path. */
function oneFile(folder: Folder): string {
  const page = readFileSync(`${PROJECT}docs/authors.md`, "utf8");
  const [, text] = /^```ts ignore one-file\n(.*?)^```$/ms.exec(page)!;
  const path = `${folder.path}/rmdirs.ts`;
  writeFileSync(path, text!.replaceAll("…/", PROJECT));
  return path;
}

/** Writes the test that the page shows for that tool; returns its path. */
function itsTest(folder: Folder): string {
  const page = readFileSync(`${PROJECT}docs/authors.md`, "utf8");
  const [, text] = /^```ts ignore test\n(.*?)^```$/ms.exec(page)!;
  const path = `${folder.path}/rmdirs_test.ts`;
  writeFileSync(path, text!);
  return path;
}

function run(script: string, ...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(`${PROJECT}${script}`, words, { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
}

function command(name: string, args: readonly string[], cwd = "/"): void {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: "utf8", cwd });
  assert.equal(status, 0, stdout + stderr);
}

/**
 * Starts a shell that changes its folder on request, runs the tool on it, and compares the rows
 * exactly.
 */
async function showsChanges(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const folders = ["/tmp", "/", "/usr", "/tmp", "/proc", "/"];
  const changes = folders.map((folder) => `cd ${folder} 2>&-`).join("; ");
  const script = `read go; ${changes}; echo done; read go`;
  await using shell = Running.start(["sh", "-c", script]);
  await using other = Running.start(["sh", "-c", script]);
  const words = ["--json", "-p", String(shell.pid)];
  await using tool = Running.start([...command, ...words], { env: { ...READY.env, ...env } });
  await tool.find("stderr", /^ready$/m);
  for (const each of [other, shell]) {
    each.send();
    // The shell must not end before the tool, which ends with the process that it traces.
    await each.find("stdout", /^done$/m);
  }
  tool.kill("SIGINT");
  const { status, stdout, stderr } = await tool.result;
  assert.deepEqual([status, stderr], [0, "ready\n"]);
  const rows = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(rows, folders.map((path) => ({ pid: shell.pid, comm: "sh", path })));
}

test("a tool elsewhere runs from its own folder, as docs/authors.md shows it", async () => {
  using folder = new Folder();
  const path = author(folder);
  run("scripts/objects.sh", path.replace(/\.ts$/, ".bpf.c"));
  await showsChanges(scriptCommand(path));
  const misused = spawnSync(scriptCommand(path)[0]!, [...scriptCommand(path).slice(1), "-p", "x"], {
    encoding: "utf8",
  });
  assert.equal(misused.status, 2);
  assert.match(misused.stderr, /^chdirs: .*-p/);
});

test("a tool in one file runs anywhere, and becomes one executable", async () => {
  using folder = new Folder();
  const path = oneFile(folder);
  const out = `${folder.path}/out`;
  await showsRemovals(scriptCommand(path));
  run("compile.sh", "--runtime", "bun", "-o", out, path);
  rmSync(path);
  await showsRemovals([`${out}/rmdirs`]);
  const misused = spawnSync(`${out}/rmdirs`, ["-p", "x"], { encoding: "utf8" });
  assert.equal(misused.status, 2);
  assert.match(misused.stderr, /^rmdirs: .*-p/);
});

test("the test that docs/authors.md shows passes", () => {
  using folder = new Folder();
  oneFile(folder);
  const path = itsTest(folder);
  const words = RUNTIME === "Bun" ? ["test", path] : ["test", "--allow-all", "--no-check", path];
  command(process.execPath, words, folder.path);
});

/**
 * Starts shells that remove directories, runs the tool on one of them, and compares the rows
 * exactly.
 */
async function showsRemovals(command: readonly string[]): Promise<void> {
  using folder = new Folder();
  const names = ["a", "b", "c"].map((name) => `${folder.path}/${name}`);
  await using removing = await Script.start(
    `mkdir ${names.join(" ")}; exec rmdir ${names.join(" ")}`,
  );
  await using other = await Script.start(`exec rmdir ${folder.path}/none`);
  const words = ["--json", "-p", String(removing.pid)];
  await using tool = Running.start([...command, ...words], READY);
  await tool.find("stderr", /^ready$/m);
  await other.go(1);
  await removing.go();
  const { status, stdout } = await tool.result;
  assert.equal(status, 0);
  const rows = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(rows, names.map((path) => ({ pid: removing.pid, comm: "rmdir", path })));
}

test("a tool elsewhere becomes one executable, of its source or of an object alone", async () => {
  using folder = new Folder();
  const path = author(folder);
  const stem = path.replace(/\.ts$/, "");
  const out = `${folder.path}/out`;
  run("compile.sh", "--runtime", "bun", "-o", out, path);
  await showsChanges([`${out}/chdirs`]);
  // Now with an object file that was compiled without scripts/objects.sh.
  const flags = ["-target", "bpfel", "-mcpu=v3", "-O2", "-g", "-nostdinc", "-iquote", "."];
  const { status, stderr } = spawnSync(
    "clang",
    [...flags, "-I", ".tools/include", "-c", `${stem}.bpf.c`, "-o", `${stem}.bpf.o`],
    { cwd: PROJECT, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  rmSync(`${stem}.bpf.c`);
  rmSync(`${stem}.bpf.o.ts`);
  run("compile.sh", "--runtime", "bun", "-o", out, path);
  assert.ok(existsSync(`${stem}.bpf.o.ts`));
  copyFileSync(`${out}/chdirs`, `${folder.path}/moved`);
  rmSync(`${folder.path}/my tools`, { recursive: true });
  await showsChanges([`${folder.path}/moved`]);
});

test("a tool elsewhere imports the library by URL, runs in Deno, and becomes one executable", async () => {
  await using site = await Site.start();
  using folder = new Folder();
  const path = author(folder, (part) => `${site.url}/${part}`);
  run("scripts/objects.sh", path.replace(/\.ts$/, ".bpf.c"));
  // Bun imports nothing by URL.
  const deno = ["deno", "run", "--quiet", "--allow-all", "--no-check", path];
  await showsChanges(deno, { DENO_DIR: `${folder.path}/cache` });
  const out = `${folder.path}/out`;
  run("compile.sh", "--runtime", "bun", "-o", out, path);
  // The executable runs without the server.
  await site[Symbol.asyncDispose]();
  await showsChanges([`${out}/chdirs`]);
});

const PACKAGE =
  "a tool elsewhere imports the library as a package, runs, and becomes one executable";
test(PACKAGE, { skip: requires(PACKAGE, "full") }, async () => {
  using folder = new Folder();
  const path = author(
    folder,
    (part) => `@ts-bcc/ts-bcc${part.replace(/\/?mod\.ts$/, "").replace(/^(?=.)/, "/")}`,
  );
  const modules = `${path.replace(/[^/]*$/, "")}node_modules`;
  mkdirSync(`${modules}/@ts-bcc/ts-bcc`, { recursive: true });
  const packed = `${folder.path}/ts-bcc.tgz`;
  // The command that docs/authors.md shows; --allow-dirty, because the tree may have uncommitted
  // changes.
  command(
    "deno",
    ["pack", "--quiet", "--allow-slow-types", "--allow-dirty", "-o", packed],
    PROJECT,
  );
  command("tar", ["xzf", packed, "--strip-components=1", "-C", `${modules}/@ts-bcc/ts-bcc`]);
  for (const name of ["acorn", "get-east-asian-width"]) {
    cpSync(`${PROJECT}.tools/npm/node_modules/${name}`, `${modules}/${name}`, { recursive: true });
  }
  const dependencies = { "@ts-bcc/ts-bcc": `file:${packed}` };
  writeFileSync(`${modules}/../package.json`, JSON.stringify({ dependencies }));
  run("scripts/objects.sh", path.replace(/\.ts$/, ".bpf.c"));
  await showsChanges(scriptCommand(path));
  const out = `${folder.path}/out`;
  run("compile.sh", "--runtime", "bun", "-o", out, path);
  rmSync(modules, { recursive: true });
  await showsChanges([`${out}/chdirs`]);
});

test("compile.sh says what is not there", () => {
  const { status, stderr } = spawnSync(`${PROJECT}compile.sh`, ["/nowhere/tool.ts"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /^compile\.sh: there is no \/nowhere\/tool\.ts/);
});
