// Not in guests: Go is not installed for them, and the walk is the same there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** User stacks of chain.go's calls of getppid(2) at given depths, innermost frame first. */
async function stacksOf(flags: readonly string[], depths: readonly number[], ...args: string[]) {
  using folder = new Folder();
  const program = join(folder.path, "chain");
  const env = { ...process.env, GOCACHE: folder.path, GO111MODULE: "off", CGO_ENABLED: "0" };
  const source = join(PROJECT, "tests/support/chain.go");
  const go = "/usr/lib/go-1.19/bin/go";
  execFileSync(go, ["build", ...flags, "-o", program, source], { env });
  await using script = await Script.of([program, ...depths.map(String)]);
  const about = ["--json", "-U", "-p", String(script.pid)];
  const event = "t:syscalls:sys_enter_getppid";
  await using tool = await startTool("stackcount", ...about, ...args, event);
  await script.go();
  const result = await stopTool(tool);
  assert.doesNotMatch(result.stderr, /truncated/);
  const rows = rowsOf<{ record: string; count: number; user: string[] }>(result);
  return Object.fromEntries(
    rows.filter(({ record }) => record === "stack")
      .map(({ user, count }) => [user.join(";"), count]),
  );
}

/** The expected stacks of a depth, in the main goroutine and in another one. */
function expected(depth: number): [string, number][] {
  const links = `syscall.rawSyscallNoError;${"main.link;".repeat(depth + 1)}`;
  return [
    [`${links}main.(*caller).call;main.main;runtime.main;runtime.goexit`, 1],
    [`${links}main.inGoroutine;main.main.func1;runtime.goexit`, 1],
  ];
}

const stripped = "stacks of stripped Go programs are whole and have names";
test(stripped, { skip: requires(stripped, "go") }, async () => {
  const depths = [0, 1, 13, 100];
  const all = Object.fromEntries(depths.flatMap(expected));
  assert.deepEqual(await stacksOf(["-ldflags", "-s -w"], depths), all);
});

const lines = "functions and lines of Go programs that are not stripped are the same";
test(lines, { skip: requires(lines, "go") }, async () => {
  for (const flags of [["-ldflags", "-s -w"], []]) {
    const stacks = await stacksOf(flags, [1], "--lines");
    // Only with DWARF do inlined functions have frames; symbol names may end in the ABI.
    const named = Object.entries(stacks).map(([stack, count]) => [
      stack.replaceAll(".abi0", "").replace(
        "syscall.Getppid (zsyscall_linux_amd64.go:469, inlined);",
        "",
      )
        .replace("main.link (zsyscall_linux_amd64.go:469)", "main.link (chain.go:17)"),
      count,
    ]);
    const link =
      "syscall.rawSyscallNoError (asm_linux_amd64.s:44);main.link (chain.go:17);main.link (chain.go:20)";
    assert.deepEqual(Object.fromEntries(named), {
      [
        `${link};main.(*caller).call (chain.go:26);main.main (chain.go:38);runtime.main (proc.go:250);` +
        "runtime.goexit (asm_amd64.s:1594)"
      ]: 1,
      [
        `${link};main.inGoroutine (chain.go:29);main.main.func1 (chain.go:39);` +
        "runtime.goexit (asm_amd64.s:1594)"
      ]: 1,
    });
  }
});
