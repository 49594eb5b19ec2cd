import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Running } from "../support/process.ts";
import { READY, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** Headers that programs and libbcc include; none of them may be taken from the current folder. */
const HEADERS = [
  "linux/ptrace.h",
  "uapi/linux/ptrace.h",
  "linux/sched.h",
  "linux/types.h",
  "linux/kconfig.h",
  "linux/version.h",
  "linux/log2.h",
  "asm/page.h",
  "uapi/linux/bpf.h",
  "uapi/linux/if_packet.h",
  "net/sock.h",
  "vmlinux.h",
];

/** Writes headers that make a compilation fail. */
function writeHostile(folder: string): void {
  for (const prefix of ["", "include/", "virtual/include/bcc/"]) {
    for (const name of HEADERS) {
      const path = `${folder}/${prefix}${name}`;
      mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      writeFileSync(path, "#error taken from the current directory\n");
    }
  }
}

for (
  const [tool, args] of [
    ["trace", ["-I", "linux/sched.h", "t:syscalls:sys_enter_getpgid"]],
    ["argdist", ["-I", "linux/sched.h", "-C", "t:syscalls:sys_enter_getpgid():int:args->pid"]],
  ] as const
) {
  test(`${tool} takes no header from the current directory`, async () => {
    using folder = new Folder();
    writeHostile(folder.path);
    await using running = Running.start([...toolCommand(tool), ...args], {
      ...READY,
      cwd: folder.path,
    });
    await running.find("stderr", /^ready$/m);
    running.kill("SIGINT");
    const { status, stderr } = await running.result;
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /taken from the current directory/);
  });

  test(`${tool} takes a header from there that its path names`, async () => {
    using folder = new Folder();
    writeFileSync(`${folder.path}/own.h`, "#error taken from the current directory\n");
    const options = args.map((each) => each === "linux/sched.h" ? "./own.h" : each);
    await using running = Running.start([...toolCommand(tool), ...options], { cwd: folder.path });
    const { status, stderr } = await running.result;
    assert.equal(status, 1);
    assert.match(stderr, /taken from the current directory/);
  });
}
