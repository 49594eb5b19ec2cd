// Not in guests: it compiles.
/** docs/authors.md: the tool it shows, in a folder that has nothing to do with the project. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Script } from "../support/script.ts";
import { READY } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** Writes the files of the page to a folder; the path of the tool. */
function author(folder: Folder): string {
  const page = readFileSync(`${PROJECT}docs/authors.md`, "utf8");
  const [c, ts] = ["c", "ts ignore"].map((language) =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(page)![1]!
  ) as [string, string];
  const path = `${folder.path}/my tools`;
  mkdirSync(path);
  writeFileSync(`${path}/chdirs.bpf.c`, c);
  writeFileSync(`${path}/chdirs.ts`, ts.replaceAll("…/", PROJECT));
  return `${path}/chdirs.ts`;
}

/** Writes the tool in one file; its path. */
function oneFile(folder: Folder): string {
  const page = readFileSync(`${PROJECT}docs/authors.md`, "utf8");
  const [, text] = /^```ts ignore one-file\n(.*?)^```$/ms.exec(page)!;
  const path = `${folder.path}/rmdirs.ts`;
  writeFileSync(path, text!.replaceAll("…/", PROJECT));
  return path;
}

function run(script: string, ...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(`${PROJECT}${script}`, words, { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
}

/** Starts a shell that changes its folder when told to, and the tool for it; compares exactly. */
async function showsChanges(command: readonly string[]): Promise<void> {
  const folders = ["/tmp", "/", "/usr", "/tmp", "/proc", "/"];
  const changes = folders.map((folder) => `cd ${folder} 2>&-`).join("; ");
  const script = `read go; ${changes}; echo done; read go`;
  await using shell = Running.start(["sh", "-c", script]);
  await using other = Running.start(["sh", "-c", script]);
  const words = ["--json", "-p", String(shell.pid)];
  await using tool = Running.start([...command, ...words], READY);
  await tool.find("stderr", /^ready$/m);
  for (const each of [other, shell]) {
    each.send();
    // It lives on: the tool ends with the process that it follows.
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

/** Starts shells that remove directories, and the tool for one of them; compares exactly. */
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
  // Now from an object that something else has compiled.
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

test("compile.sh says what is not there", () => {
  const { status, stderr } = spawnSync(`${PROJECT}compile.sh`, ["/nowhere/tool.ts"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /^compile\.sh: there is no \/nowhere\/tool\.ts/);
});
