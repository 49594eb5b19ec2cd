// Not in guests: it compiles.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { muslRoot } from "../support/musl_root.ts";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const MUSL = "an executable for musl traces where there is musl and no glibc";
test(MUSL, { skip: requires(MUSL, "full") }, async () => {
  const { root: made, mounts } = muslRoot();
  using root = made;
  const words = ["--libc", "musl", "-o", `${root.path}/usr/bin`, "--all"];
  const { status, stdout, stderr } = await run([`${PROJECT}compile.sh`, ...words]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\S+ts-bcc: \d+ MB, bun [\d.]+ \(for musl\)\n$/);
  const inside = (...call: string[]) =>
    isolated(mounts, ["chroot", root.path, "/usr/bin/ts-bcc", ...call]);

  const version = await run(inside("--version"));
  assert.match(version.stdout, /^ts-bcc [\d.]+\n(commit .+\n)?Bun [\d.]+, libbpf 1[\d.]+, x64\n$/);
  const script = 'tracepoint("sched/sched_process_exec", () => print(pid()))';
  const check = await run(inside("check", "-e", script));
  assert.deepEqual([check.status, check.stdout], [0, "compiled program\n"], check.stderr);

  // The C library is found without ld.so.cache, which only glibc has.
  const counted = await run(inside("funccount", "-d", "1", "c:puts"));
  assert.deepEqual([counted.status, counted.stderr], [0, ""]);

  using folder = new Folder();
  await using workload = await Workload.start(`missing=${folder.path}/gone:13`);
  const call = inside("opensnoop", "--json", "-p", String(workload.pid));
  await using running = Running.start(call, READY);
  await running.find("stderr", /^ready$/m);
  await workload.go();
  running.kill("SIGINT");
  const traced = await running.result;
  assert.equal(traced.status, 0, traced.stderr);
  const paths = traced.stdout.trim().split("\n").map((line) => JSON.parse(line).path);
  assert.deepEqual(paths, Array.from({ length: 13 }, (_, i) => `${folder.path}/gone${i}`));
});

test("compile.sh names what it has for musl, and what not", async () => {
  const refused = async (...words: string[]) => {
    const { status, stderr } = await run([`${PROJECT}compile.sh`, ...words, "opensnoop"]);
    return [status, stderr];
  };
  const more = " (./compile.sh --help tells more)\n";
  assert.deepEqual(await refused("--libc", "uclibc"), [
    2,
    `compile.sh: no C library is called "uclibc": glibc or musl${more}`,
  ]);
  assert.deepEqual(await refused("--libc", "musl", "--arch", "arm64"), [
    2,
    `compile.sh: for musl only executables for amd64 are made${more}`,
  ]);
});
