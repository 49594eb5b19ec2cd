// Not in guests: it says what perf and bpftrace show, which depends on programs and not on kernels.
/**
 * The table of docs/stacks.md: what ours, perf and bpftrace show of the same call of getppid(2), in programs of several
 * languages.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { chainOf, stackText, unwindProgram } from "../support/unwind.ts";
import { Folder } from "../support/workload.ts";

/** What each shows, the innermost frame first. */
interface Shown {
  readonly ours: readonly string[][];
  readonly perf: readonly string[];
  readonly bpftrace: readonly string[];
}

/** Names as perf prints them, which has none for what is `[file+0x…]` in ours. */
const plain = (names: readonly string[]): string[] =>
  names.map((name) =>
    /^\[.*\+0x/.test(name)
      ? "[unknown]"
      : name.replace(/^__GI_+/, "").replace(/@@.*|_impl$|_alias_\d$/, "")
  );

/** Traces a program, which prints its pid and waits for a line, by all three at once; of the peers the first call. */
async function shown(command: readonly string[]): Promise<Shown> {
  using folder = new Folder();
  const data = `${folder.path}/perf.data`;
  await using program = Running.start(command);
  const [, pid = ""] = await program.find("stdout", /^pid (\d+)$/m);
  await using tool = await startTool(
    "stackcount",
    ...["--json", "-U", "-p", pid, "t:syscalls:sys_enter_getppid"],
  );
  const script =
    `tracepoint:syscalls:sys_enter_getppid /pid == ${pid}/ { printf("%s\\nend\\n", ustack); }`;
  await using bpftrace = Running.start(["bpftrace", "-B", "none", "-e", script], {
    env: { __BPFTRACE_NOTIFY_PROBES_ATTACHED: "1" },
  });
  await bpftrace.find("stderr", /__BPFTRACE_NOTIFY_PROBES_ATTACHED/);
  // Of an event whose BPF programs return 0, as those of both do, perf gets nothing: the call's end is another.
  const events = ["--user-callchains", "-e", "syscalls:sys_exit_getppid", "-p", pid];
  const last = ["--", "sh", "-c", "echo ready; read -r line"];
  const record = ["record", "-q", "-o", data, "--call-graph", "dwarf", ...events, ...last];
  await using perf = Running.start(["perf", ...record]);
  await perf.find("stdout", /^ready$/m);
  program.send();
  await program.result;
  const [, first = ""] = await bpftrace.find("stdout", /probe\.\.\.\s+([^]*?)\s+end\n/);
  perf.send();
  await perf.result;
  const options = ["script", "-i", data, "-F", "ip,sym", "--no-inline"];
  const printed = execFileSync("perf", options, { stdio: ["ignore", "pipe", "ignore"] });
  const lines = (text: string) => text.trim().split("\n").map((line) => line.trim());
  const rows = rowsOf<{ record: string; user: string[] }>(await stopTool(tool));
  return {
    ours: rows.filter(({ record }) => record === "stack").map(({ user }) => user),
    perf: plain(
      lines(String(printed).split(/\n\s*\n/)[0]!).map((line) => line.replace(/^\w+ /, "")),
    ),
    bpftrace: lines(first).map((line) => line.replace(/\+\d+$/, "")),
  };
}

const peers = (name: string, ...features: ("go" | "node" | "python" | "ruby")[]) => ({
  skip: requires(name, "full", "perf", ...features),
});

const c = "of C without frame pointers bpftrace shows the innermost frame; ours and perf all";
test(c, peers(c), async () => {
  const { ours, perf, bpftrace } = await shown([unwindProgram(), "chain=13"]);
  assert.deepEqual(ours.map(stackText), [chainOf("getppid;the_call", 13)]);
  assert.deepEqual(perf, plain(ours[0]!));
  assert.equal(bpftrace.length, 1);
});

const go = "of stripped Go perf shows the innermost frame, bpftrace all but one, neither names";
test(go, peers(go, "go"), async () => {
  using folder = new Folder();
  const program = `${folder.path}/chain`;
  const build = ["build", "-ldflags", "-s -w", "-o", program, `${PROJECT}tests/support/chain.go`];
  const env = { ...process.env, GOCACHE: folder.path, GO111MODULE: "off", CGO_ENABLED: "0" };
  execFileSync("/usr/lib/go-1.19/bin/go", build, { env });
  const { ours, perf, bpftrace } = await shown([program, "3"]);
  const called = ours.find((user) => user.includes("main.(*caller).call"))!;
  assert.equal(called.at(-1), "runtime.goexit");
  assert.deepEqual(perf, ["[unknown]"]);
  assert.equal(bpftrace.length, called.length - 1);
  for (const name of bpftrace) assert.match(name, /^0x/);
});

const ruby = "of Ruby perf shows the native frames, bpftrace the innermost";
test(ruby, peers(ruby, "ruby"), async () => {
  const script = ["ruby", "--disable=gems", `${PROJECT}tests/support/calls.rb`];
  const { ours, perf, bpftrace } = await shown(script);
  const called = ours.find((user) => user.includes("ruby: method (calls.rb:14)"))!;
  assert.deepEqual(perf, plain(called.filter((name) => !name.startsWith("ruby: "))));
  assert.equal(bpftrace.length, 1);
});

const python = "of Python perf shows the native frames, bpftrace the innermost and what is none";
test(python, peers(python, "python"), async () => {
  const script = ["/usr/bin/python3.11", `${PROJECT}tests/support/calls.py`];
  const { ours, perf, bpftrace } = await shown(script);
  const called = ours.find((user) => user.includes("python: key (calls.py:22)"))!;
  assert.deepEqual(perf, plain(called.filter((name) => !name.startsWith("python: "))));
  assert.ok(bpftrace.length <= 2, bpftrace.join(";"));
});

const NODE = `
const inner = () => process.ppid;
const outer = (left) => left > 0 ? outer(left - 1) + 1 : [1].map(() => inner()).length;
console.log("pid " + process.pid);
process.stdin.once("data", () => { outer(3); process.exit(); });
`;
const node =
  "of Node bpftrace shows all but one frame up to main, perf those whose stack it copied";
test(node, peers(node, "node"), async () => {
  const { ours, perf, bpftrace } = await shown(["/usr/bin/node", "-e", NODE]);
  const called = ours.find((user) => user.includes("Builtins_ArrayMap"))!;
  const behind = ["__libc_start_call_main", "__libc_start_main", "_start"];
  assert.deepEqual(plain(called).slice(-3), behind);
  const caller = "node::GetParentProcessId";
  assert.ok(called[1]!.startsWith(caller) && perf[1] === caller);
  assert.ok(perf.length < called.length, perf.join("; "));
  assert.equal(bpftrace.length, called.length - 3);
  assert.ok(!bpftrace.some((name) => name.startsWith(caller)));
});
