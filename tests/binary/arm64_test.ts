// Not in guests: it compiles, and boots a guest itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Folder } from "../support/workload.ts";

const folders = new DisposableStack();
after(() => folders.dispose());

let compiled: Promise<string> | undefined;

/** The executable of all tools for arm64. */
const executable = (): Promise<string> =>
  compiled ??= (async () => {
    const { path } = folders.use(new Folder());
    const words = ["--runtime", "bun", "--arch", "arm64", "-o", path, "--all"];
    const { status, stderr } = await run([`${PROJECT}compile.sh`, ...words]);
    assert.equal(status, 0, stderr);
    return `${path}/ts-bcc`;
  })();

/** Debian's glibc for arm64: QEMU looks for the executable's loader in this folder. */
function glibc(): string {
  const script = `source "$0/scripts/setup.sh"; machine=aarch64
    find_library libc.so.6 || fetch_library libc.so.6
    echo "$tools/debs-aarch64/libc6"`;
  const path = execFileSync("bash", ["-c", script, PROJECT], { encoding: "utf8" }).trim();
  assert.ok(existsSync(`${path}/lib/ld-linux-aarch64.so.1`), path);
  return path;
}

const USER = "an executable for arm64 is made on x86-64, opens its libraries and tells its tools";
test(USER, { skip: requires(USER, "full", "qemuUser") }, async () => {
  const path = await executable();
  const root = glibc();
  const arm64 = (...words: string[]) =>
    run(["qemu-aarch64-static", "-L", root, path, ...words], { cwd: root });
  const version = await arm64("--version");
  assert.match(
    version.stdout,
    /^ts-bcc [\d.]+\n(commit .+\n)?Bun [\d.]+, libbpf 1[\d.]+, arm64\n$/,
  );

  const list = await arm64("list");
  assert.match(list.stdout, /^opensnoop +\S/m);
  const help = await arm64("opensnoop", "--help");
  assert.match(help.stdout, /^usage: opensnoop /);
  // Compiling kernel code works on any architecture: its target is BPF, and all it needs is in the
  // executable.
  const script = 'tracepoint("sched/sched_process_exec", () => print(pid()))';
  const check = await arm64("check", "-e", script);
  assert.deepEqual([check.status, check.stdout], [0, "compiled program\n"], check.stderr);
  const wrong = await arm64("opensnoop", "--no-such-option");
  assert.equal(wrong.status, 2);
});
