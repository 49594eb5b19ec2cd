/**
 * Under Bun the main thread of a tool that only prints waits in epoll_wait instead of the event loop: there it must
 * notice everything that ends a tool. In other tools, and always under Deno, another thread waits.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Result, Running } from "../support/process.ts";
import { RUNTIME } from "../support/runtime.ts";
import { READY, toolCommand } from "../support/tool.ts";

const { TSBCC_EXECUTABLE, TSBCC_CASES_EXECUTABLE: executable } = process.env;

/** The command that runs a tool, and whether its runtime is Bun. */
interface Way {
  readonly command: (name: string) => readonly string[];
  readonly isBun: boolean;
}

const WAYS: Readonly<Record<string, Way>> = {
  "its module": { command: toolCommand, isBun: RUNTIME === "Bun" || !!TSBCC_EXECUTABLE },
  ...executable && { "the executable": { command: (name) => [executable, name], isBun: true } },
};

/** The descriptors of a process with this link target, and their fdinfo. */
const descriptors = (pid: number, link: string) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === link
        ? [{ fd, info: readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8") }]
        : [];
    } catch {
      return []; // closed in the meantime
    }
  });

/** Whether one of a process's epoll instances watches another one, the event loop's. */
function watchesLoop(pid: number): boolean {
  const instances = descriptors(pid, "anon_inode:[eventpoll]");
  const watched = new Set(
    instances.flatMap(({ info }) => [...info.matchAll(/^tfd: +(\d+) /gm)].map(([, fd]) => fd!)),
  );
  return instances.some(({ fd }) => watched.has(fd));
}

/** Whether a process holds a pidfd of another one. */
const follows = (pid: number, other: number) =>
  descriptors(pid, "anon_inode:[pidfd]").some(({ info }) =>
    new RegExp(`^Pid:\t${other}$`, "m").test(info)
  );

const endOf = ({ status, signal }: Result) => status ?? signal;

for (const [name, { command, isBun }] of Object.entries(WAYS)) {
  const start = (tool: string, ...args: string[]) =>
    Running.start([...command(tool), ...args], READY);

  /** Calls `act` when a tool is ready; returns how the tool ended. */
  const endBy = async (act: (running: Running) => void, tool: string, ...args: string[]) => {
    await using running = start(tool, ...args);
    await running.find("stderr", /^ready$/m);
    act(running);
    return endOf(await running.result);
  };

  test(`by ${name} only a tool that does nothing but print waits on its main thread`, async () => {
    const ask = async (...args: string[]) => {
      await using running = start("opensnoop", ...args);
      await running.find("stderr", /^ready$/m);
      const answer = watchesLoop(running.pid);
      // The command of --exec ends when it gets a line.
      if (args.includes("--exec")) running.send();
      else running.kill("SIGTERM");
      return [answer, endOf(await running.result)];
    };
    const answers = await Promise.all([
      ask("-p", String(process.pid)),
      ask("-p", String(process.pid), "--prometheus", "0"),
      ask("--exec", "head", "-n", "1"),
    ]);
    assert.deepEqual(answers, [[isBun, 0], [false, 0], [false, 0]]);
  });

  test(`a tool by ${name} hears a signal, a timer, and that nobody reads`, async () => {
    const quiet = ["-p", String(process.pid)];
    const ends = await Promise.all([
      endBy((running) => running.kill("SIGINT"), "opensnoop", ...quiet),
      endBy((running) => running.kill("SIGTERM"), "syscount", ...quiet),
      endBy(() => {}, "opensnoop", ...quiet, "--duration", "0.05"),
      endBy(() => {}, "syscount", ...quiet, "--interval", "0.02", "--duration", "0.05"),
      endBy((running) => running.closeOutput(), "opensnoop", ...quiet),
    ]);
    assert.deepEqual(ends, [0, 0, 0, 0, 0]);
  });

  test(`a tool by ${name} hears the end of what it follows before it is ready`, async () => {
    await using sleeper = Running.start(["sleep", "1000"]);
    await using running = start("opensnoop", "-p", String(sleeper.pid));
    while (!follows(running.pid, sleeper.pid)) await setTimeout(1);
    sleeper.kill("SIGKILL");
    const { status, signal, stderr } = await running.result;
    // Status 1: the tool had opened the pidfd, but not yet checked whether the process is alive.
    if (status === 1) assert.match(stderr, /: it has ended already$/m);
    else {
      assert.deepEqual([status, signal], [0, null]);
      assert.match(stderr, new RegExp(`^opensnoop: process ${sleeper.pid} ended$`, "m"));
    }
  });
}
