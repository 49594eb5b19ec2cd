// Not in guests: what it times is a machine, not emulation.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/**
 * Not copied: files that a fresh clone lacks, and .tools, so that the runtimes need not be fetched
 * again.
 */
const MADE = [".git", ".tools", "dist", "node_modules"];

const FIRST = "the README's first command prints rows where nothing is mounted";
test(FIRST, { skip: requires(FIRST, "speed") }, async () => {
  const readme = readFileSync(`${PROJECT}README.md`, "utf8");
  const [, words] = /^ {4}(\.\/compile\.sh \S+ && sudo \S+) +#/m.exec(readme)!;
  using folder = new Folder();
  const [project, home] = [`${folder.path}/ts-bcc`, `${folder.path}/home`];
  mkdirSync(home);
  cpSync(PROJECT, project, {
    recursive: true,
    filter: (path) => !MADE.includes(path.slice(PROJECT.length)),
  });
  symlinkSync(`${PROJECT}.tools`, `${project}/.tools`);

  // A function replaces sudo, with its default environment: tests run as root, and sudo may not be
  // installed.
  const sudo = 'sudo() { env -i PATH="$PATH" TERM="$TERM" "$@"; }';
  const command = ["env", "-i", `HOME=${home}`, "TERM=dumb", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];
  const script = `${sudo}; cd ${project} && ${words}`;
  const mounts = [...WITHOUT_TRACEFS, "while umount -l /sys/fs/bpf; do :; done 2>/dev/null"];
  const whole = isolated(mounts, [...command, "bash", "-c", script]);
  await using running = Running.start(whole, {});
  await running.find("stdout", /^dist\/opensnoop: \d+ MB, /m);
  await running.find("stdout", /^PID +COMM +FD ERR PATH$/m);
  // Opens files, in case that nothing else on the machine does.
  const timer = setInterval(() => readFileSync("/proc/self/status"), 10);
  try {
    await running.find("stdout", /^\d+ +\S.* \/proc\/self\/status$/m);
  } finally {
    clearInterval(timer);
    // This test can kill only the shell; the tool ends when its output is closed.
    running.closeOutput();
  }
  await running.result;
  assert.deepEqual(readdirSync(home), []);
});
