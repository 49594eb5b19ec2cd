// Not in guests: what it times is a machine, not emulation.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, WITHOUT_TRACEFS } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** Not copied: what a fresh clone does not have, and the runtimes, which need not be fetched again. */
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

  // sudo with its usual settings: this is root already, and the machine may not have it.
  const sudo = 'sudo() { env -i PATH="$PATH" TERM="$TERM" "$@"; }';
  const command = ["env", "-i", `HOME=${home}`, "TERM=dumb", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];
  const script = `${sudo}; cd ${project} && ${words}`;
  const mounts = [...WITHOUT_TRACEFS, "while umount -l /sys/fs/bpf; do :; done 2>/dev/null"];
  const whole = isolated(mounts, [...command, "bash", "-c", script]);
  await using running = Running.start(whole, {});
  await running.find("stdout", /^dist\/opensnoop: \d+ MB, /m);
  await running.find("stdout", /^PID +COMM +FD ERR PATH$/m);
  // The machine opens files by itself, and so does this.
  const timer = setInterval(() => readFileSync("/proc/self/status"), 10);
  try {
    await running.find("stdout", /^\d+ +\S.* \/proc\/self\/status$/m);
  } finally {
    clearInterval(timer);
    // What is killed is the shell: the tool ends because nobody reads it.
    running.closeOutput();
  }
  await running.result;
  assert.deepEqual(readdirSync(home), []);
});
