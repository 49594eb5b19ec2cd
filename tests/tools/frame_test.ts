import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Running } from "../support/process.ts";
import { isolated, runTool, startTool, toolCommand, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

test("a tool ends by itself after -d seconds", async () => {
  const { status, stderr } = await runTool("opensnoop", "-d", "0.3");
  assert.deepEqual([status, stderr], [0, ""]);
});

test("a tool ends cleanly on SIGTERM and SIGHUP", async () => {
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    await using running = await startTool("opensnoop");
    running.kill(signal);
    const { status, stderr } = await running.result;
    assert.deepEqual([status, stderr], [0, "ready\n"], signal);
  }
});

test("a tool ends with status 0 when its reader goes away, events or not", async () => {
  await using running = await startTool("opensnoop", "-n", "no-such-name");
  running.closeOutput();
  const { status, stderr } = await running.result;
  assert.deepEqual([status, stderr], [0, "ready\n"]);
});

test("a tool that waits for events says on a terminal, and only there, what it traces", async () => {
  using folder = new Folder();
  const output = `${folder.path}/output`;
  const words = [...toolCommand("opensnoop"), "-d", "0.3", "-n", "no-such-name"];
  const shell = words.map((word) => `'${word}'`).join(" ");
  // On a terminal of script(1); then with the terminal for standard error only.
  for (const redirection of ["", `>${output}`]) {
    const command = ["script", "-qec", `${shell} ${redirection}`, "/dev/null"];
    const { status, stdout } = await Running.start(command).result;
    assert.equal(status, 0);
    assert.match(stdout, /^Tracing open\(\), .*\.\.\. Hit Ctrl-C to end\.\r$/m);
  }
  assert.match(readFileSync(output, "utf8"), /^PID +COMM [^\n]*\n$/);
});

test("a tool helps with status 0, and refuses bad usage with status 2 and one sentence", async () => {
  const help = await runTool("opensnoop", "-h");
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  assert.match(help.stdout, /^usage: opensnoop /);
  const { status, stdout, stderr } = await runTool("opensnoop", "-p", "abc");
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(
    stderr,
    /^opensnoop: invalid value "abc" for [^\n]+\nTry 'opensnoop --help' for more information\.\n$/,
  );
});

test("a tool fails in one sentence without root, BTF, tracefs or its library", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
      /Operation not permitted \(EPERM\): run it as root \(sudo\), or give it the capabilities/,
    ],
    [
      isolated(["mount --bind /mnt /sys/kernel/btf"], []),
      /this kernel has no BTF \(\/sys\/kernel\/btf\/vmlinux is missing\)/,
    ],
    [
      isolated(WITHOUT_TRACEFS, ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]),
      /tracefs is not mounted, and only .* CAP_SYS_ADMIN .*: mount -t tracefs nodev \/sys\/kernel/,
    ],
    [
      ["env", "TSBCC_LIBBPF=/nonexistent/libbpf.so"],
      /Cannot open libbpf\.so\.1 from "\/nonexistent\/libbpf\.so": .*: install libbpf 1\.0/,
    ],
  ];
  for (const [prefix, pattern] of cases) {
    const running = Running.start([...prefix, ...toolCommand("opensnoop"), "-d", "1"]);
    const { status, stdout, stderr } = await running.result;
    assert.match(stderr, pattern);
    assert.match(stderr, /^opensnoop: [^\n]+\n$/);
    assert.deepEqual([status, stdout], [1, ""]);
  }
});
