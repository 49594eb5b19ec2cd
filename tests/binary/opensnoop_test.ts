import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { glibcRoot } from "../support/glibc_root.ts";
import { Running } from "../support/process.ts";
import { isolated, READY } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const EXECUTABLE = `${PROJECT}dist/opensnoop`;

async function countsExactly(command: string[]): Promise<string> {
  using folder = new Folder();
  await using workload = await Workload.start(`missing=${folder.path}/gone:13`);
  await using running = Running.start([...command, "--json", "-p", String(workload.pid)], READY);
  await running.find("stderr", /^ready$/m);
  // The pid is the tool's: unshare and sh have executed it.
  const maps = readFileSync(`/proc/${running.pid}/maps`, "utf8");
  await workload.go();
  running.kill("SIGINT");
  const { status, stdout, stderr } = await running.result;
  assert.equal(status, 0);
  // The traced process may end before the signal comes.
  assert.match(stderr, /^ready\n(opensnoop: process \d+ ended\n)?$/);
  const paths = stdout.trim().split("\n").map((line) => JSON.parse(line).path);
  assert.deepEqual(paths, Array.from({ length: 13 }, (_, i) => `${folder.path}/gone${i}`));
  return maps;
}

test("dist/opensnoop works where libbpf, libelf, zlib and both runtimes are hidden", async () => {
  const hide = ["libbpf.so.1", "libelf.so.1", "libz.so.1"].map((soname) => {
    const found = spawnSync("ldconfig", ["-p"], { encoding: "utf8" }).stdout;
    const path = new RegExp(`${soname.replaceAll(".", "\\.")} .* => (\\S+)`).exec(found)?.[1];
    return path ? `mount --bind /dev/null "$(realpath ${path})"` : ":";
  });
  const runtimes = `mount -t tmpfs none ${PROJECT}.tools`;
  const command = isolated([...hide, runtimes], ["env", "PATH=/usr/bin:/bin", EXECUTABLE]);
  const maps = await countsExactly(command);
  for (const name of ["libbpf.so.1", "libelf.so.1", "libz.so.1"]) {
    assert.match(maps, new RegExp(`/memfd:${name}`));
  }
});

test("dist/opensnoop works in a root that holds glibc and nothing else", async () => {
  const { root: made, mounts } = glibcRoot();
  using root = made;
  copyFileSync(EXECUTABLE, `${root.path}/bin/opensnoop`);
  chmodSync(`${root.path}/bin/opensnoop`, 0o755);
  // The mounts are in a mount namespace of their own, and vanish with it.
  await countsExactly(isolated(mounts, ["chroot", root.path, "/bin/opensnoop"]));
});

test("dist/opensnoop writes no file", async () => {
  const readOnly = [
    "mount -o bind,remount,ro /",
    "! mountpoint -q /tmp || mount -o bind,remount,ro /tmp",
  ];
  const { status, stderr } = await Running.start(
    isolated(readOnly, [EXECUTABLE, "-d", "0.2"]),
  ).result;
  assert.deepEqual([status, stderr], [0, ""]);
});

test("dist/opensnoop takes nothing from the folder it is started in", async () => {
  using folder = new Folder();
  const mark = `${folder.path}/hostile-code-ran`;
  writeFileSync(
    `${folder.path}/evil.js`,
    `require("fs").writeFileSync(${JSON.stringify(mark)}, "")`,
  );
  writeFileSync(`${folder.path}/bunfig.toml`, 'preload = ["./evil.js"]\n');
  writeFileSync(`${folder.path}/.env`, "TSBCC_LIBBPF=/nonexistent\n");
  writeFileSync(`${folder.path}/package.json`, '{"type": "commonjs", "preload": "./evil.js"}');
  writeFileSync(`${folder.path}/libbpf.so.1`, "not a library");
  const { status, stderr } = await Running.start([EXECUTABLE, "-d", "0.2"], { cwd: folder.path })
    .result;
  assert.deepEqual([status, stderr], [0, ""]);
  assert.throws(() => readFileSync(mark), /ENOENT/);
});

test("dist/opensnoop takes the system's library when asked to", async () => {
  await using running = Running.start([EXECUTABLE], {
    env: { ...READY.env, TSBCC_LIBBPF: "system", TSBCC_LIBELF: "system", TSBCC_LIBZ: "system" },
  });
  await running.find("stderr", /^ready$/m);
  const maps = readFileSync(`/proc/${running.pid}/maps`, "utf8");
  assert.match(maps, /\/usr\/lib\/.*libbpf\.so\.1/);
  assert.doesNotMatch(maps, /memfd:libbpf/);
});

// A tenth in guests, which are emulated.
const BURST = process.env.TSBCC_GUEST_KERNEL ? 50_000 : 500_000;

test("dist/opensnoop reports a burst of 1,000,000 opens by two processes to the last one", async () => {
  const steps = ["comm=burster", `burst=/dev/null:${BURST}`];
  await using first = await Workload.start(...steps);
  await using second = await Workload.start(...steps);
  await using running = Running.start([EXECUTABLE, "--json", "-n", "burster"], READY);
  await running.find("stderr", /^ready$/m);
  await Promise.all([first.go(), second.go()]);
  running.kill("SIGINT");
  const { stdout, stderr } = await running.result;
  const lines = stdout.trim().split("\n");
  const dropped = lines.map((line) => line.startsWith('{"record"') ? JSON.parse(line).total : 0)
    .at(-1) as number;
  const seen = lines.filter((line) => line.includes('"/dev/null"')).length;
  assert.equal(seen + dropped, 2 * BURST);
  if (dropped > 0) assert.match(stderr, new RegExp(`dropped ${dropped} events in all`));
});
