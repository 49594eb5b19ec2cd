/**
 * Workloads for tables of cases, besides workload.c and scripts.
 *
 * @module
 */

import { readFileSync, statSync } from "node:fs";
import assert from "node:assert/strict";
import { histogramTotal, type IsOf, type Job, type Row, type Work } from "./cases.ts";
import { buildProgram } from "./build.ts";
import { Disk, Ext4, Mounted, Tmpfs } from "./disk.ts";
import { runFileIo, startFileIo } from "./file_io.ts";
import { Running } from "./process.ts";
import { NfsMount } from "./nfs.ts";
import { Script } from "./script.ts";
import { startWork } from "./start_work.ts";
import { StandIn } from "./stand_in.ts";
import { TcpWorkload } from "./tcp.ts";

/**
 * TCP connections between two processes in a network namespace of their own. Rows can name `{client}`,
 * `{server}`, `{port}` and `{netns}`.
 *
 * @param pid which of the two is the workload's process, whose rows are compared
 */
const connections = (pid: "client" | "server", steps: readonly string[]): Work => ({
  async start(): Promise<Job> {
    const work = await TcpWorkload.start(...steps);
    const { client, server, netns, ports } = work;
    return {
      pid: work[pid],
      names: { client, server, netns, port: ports[0] ?? 0 },
      go: () => work.go(),
      [Symbol.asyncDispose]: () => work[Symbol.asyncDispose](),
    };
  },
});

/** TCP connections; the workload's process is the client. */
export const tcp = (...steps: readonly string[]): Work => connections("client", steps);

/** TCP connections; the workload's process is the server. */
export const tcpServer = (...steps: readonly string[]): Work => connections("server", steps);

/** The `resolve` steps of tcp.c for all calls by which a process receives DNS answers: `CALL.test` is 127.0.0.LAST. */
export const NAMES = [
  ...["recvfrom", "recvmsg", "recvmmsg", "read", "recvfrom6", "unconnected", "stream", "stream6"],
  "pointer",
].map((call, i) => ({ name: `${call}.test`, step: `resolve=${call}:${i + 2}`, last: i + 2 }));

/**
 * Steps that receive DNS answers for these names and ::1, connect to each address, and to two that no answer named.
 */
export const namedSteps: readonly string[] = [
  ...NAMES.map(({ step }) => step),
  "resolve=aaaa:0",
  "known=read:77",
  ...NAMES.map(({ last }) => `reach=${last}`),
  "refused=6:1",
  "reach=77",
  "reach=78",
];

/** The names that rows of these connections must have; null: none. */
export const namesFound = [...NAMES.map(({ name }) => name), "aaaa.test", null, null];

/** Steps of sockets.c in a network namespace of its own, `{netns}` in rows. */
export const sockets = (...steps: readonly string[]): Work => ({
  async start(): Promise<Job> {
    const enter = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"];
    const script = await Script.of([...enter, buildProgram("sockets.c"), ...steps]);
    const names = { netns: statSync(`/proc/${script.pid}/ns/net`).ino };
    return Object.assign(script, { names });
  },
});

/** Selects rows by the workload's network namespace, whatever process they name. */
export const inNetns: IsOf = (row, { names }) => row.netns === names.netns;

/**
 * A process that writes blocks of 4096 bytes to a loop device of its own, `{disk}`, from the device's start;
 * then another process writes 13 blocks to a second device, `{other}`.
 */
export const blockWrites = (blocks: number): Work => ({
  start(): Promise<Job> {
    const disk = new Disk();
    const other = new Disk();
    const writer = disk.heldWriter(blocks);
    return Promise.resolve({
      pid: writer.pid,
      names: { disk: disk.name, other: other.name },
      async go() {
        writer.send();
        const { status, stderr } = await writer.result;
        if (status !== 0) throw new Error(`The writer failed: ${stderr}`);
        // The kernel wakes a writer before block_rq_complete: with later requests completed, ours are too.
        await other.write(13);
      },
      async [Symbol.asyncDispose]() {
        await writer[Symbol.asyncDispose]();
        disk[Symbol.dispose]();
        other[Symbol.dispose]();
      },
    });
  },
});

/** A script in which `$disk` is the path of a loop device of its own, `{disk}` in rows. */
export const diskScript = (text: string): Work => ({
  async start(): Promise<Job> {
    const disk = new Disk();
    let script: Script;
    try {
      script = await Script.start(`disk=${disk.path}; ${text}`);
    } catch (error) {
      disk[Symbol.dispose]();
      throw error;
    }
    return {
      pid: script.pid,
      names: { disk: disk.name },
      go: () => script.go(),
      async [Symbol.asyncDispose]() {
        await script[Symbol.asyncDispose]();
        disk[Symbol.dispose]();
      },
    };
  },
});

/** Steps of file_io.c on a new ext4 file system; `file` exists there. */
export const ext4Io = (steps: (file: string) => readonly string[]): Work =>
  fileIo(() => new Ext4(), steps);

/** By file system type: a function that makes a new mount. */
const MOUNTS = {
  ext4: () => new Mounted("ext4"),
  xfs: () => new Mounted("xfs"),
  btrfs: () => new Mounted("btrfs"),
  f2fs: () => new Mounted("f2fs"),
  tmpfs: () => new Tmpfs(),
  nfs: () => new NfsMount(),
  zfs: () => new StandIn("zfs"),
} as const;

/** Steps of file_io.c on a new file system of a given type. */
export const fileIoOn = (
  type: keyof typeof MOUNTS,
  steps: (file: string) => readonly string[],
): Work => fileIo(MOUNTS[type], steps);

const fileIo = (
  make: () => Disposable & { readonly path: string },
  steps: (file: string) => readonly string[],
): Work => ({
  async start(): Promise<Job> {
    const mounted = make();
    let running: Running;
    const file = `${mounted.path}/traced`;
    try {
      await runFileIo(`open=${file}:1`);
      running = await startFileIo(...steps(file));
    } catch (error) {
      mounted[Symbol.dispose]();
      throw error;
    }
    return {
      pid: running.pid,
      names: { file },
      async go() {
        running.send();
        const { status, stderr } = await running.result;
        if (status !== 0) throw new Error(`The workload failed: ${stderr}`);
      },
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        mounted[Symbol.dispose]();
      },
    };
  },
});

/** A bash that writes to a FIFO as soon as another bash sleeps in read(2) of it. */
export const writeToSleeper: Work = {
  async start(dir): Promise<Job> {
    const fifo = `${dir}/fifo`;
    const writer = await Script.start(`echo >${fifo}`);
    return {
      pid: writer.pid,
      async go() {
        const command = `mkfifo ${fifo}; exec 3<>${fifo}; read -r _ <&3`;
        await using reader = Running.start(["bash", "-c", command]);
        await untilAsleepIn(reader.pid, /^0 0x0 /);
        await writer.go();
        await reader.result;
      },
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    };
  },
};

/** Waits until a process sleeps in a system call: only then /proc/PID/syscall names the call. */
async function untilAsleepIn(pid: number, call: RegExp): Promise<void> {
  while (!call.test(readFileSync(`/proc/${pid}/syscall`, "utf8"))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/**
 * A program of this folder on a tmpfs of its own, `{mount}` in rows. In guests the folder of tests is on
 * overlayfs, which repeats each operation on the file system below: it would be counted twice.
 */
export const onTmpfs = (
  program: string,
  steps: (mount: string) => readonly string[],
): Work => ({
  async start(): Promise<Job> {
    const tmpfs = new Tmpfs();
    try {
      const script = await Script.of([buildProgram(program), ...steps(tmpfs.path)]);
      return {
        pid: script.pid,
        names: { mount: tmpfs.path },
        go: () => script.go(),
        async [Symbol.asyncDispose]() {
          await script[Symbol.asyncDispose]();
          tmpfs[Symbol.dispose]();
        },
      };
    } catch (error) {
      tmpfs[Symbol.dispose]();
      throw error;
    }
  },
});

/** The same workload, with a pause before its end, so that a tool with an interval of a second reports before. */
export const pausing = (work: Work): Work => ({
  async start(dir): Promise<Job> {
    const job = await startWork(work, dir);
    return {
      pid: job.pid,
      ...job.names && { names: job.names },
      async go() {
        await job.go();
        await new Promise((resolve) => setTimeout(resolve, 1200));
      },
      [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
    };
  },
});

/** Checks the total of the histogram of each operation. */
export const operationCounts =
  (expected: Readonly<Record<string, number>>) => (rows: readonly Row[]): void => {
    const counted = rows.map((row) => [String(row.operation), histogramTotal([row])] as const);
    assert.deepEqual(Object.fromEntries(counted), expected);
  };
