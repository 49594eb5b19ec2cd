/**
 * Disks for one test: loop devices on temporary files, which are removed with them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";
import { Folder } from "./workload.ts";

const SIZE = 64 * 1024 * 1024;
const LARGE = 512 * 1024 * 1024; // XFS needs at least 300 MiB; the file is sparse
export const BLOCK = 4096;

/** A loop device, detached at the end of the block. */
export class Disk implements Disposable {
  /** `/dev/loop0` */
  readonly path: string;
  readonly #folder = new Folder();

  constructor(size = SIZE) {
    const file = `${this.#folder.path}/disk`;
    try {
      if (!existsSync("/dev/loop-control")) execFileSync("modprobe", ["loop"]);
      writeFileSync(file, "");
      truncateSync(file, size);
      this.path = command("losetup", "--find", "--show", file).trim();
    } catch (error) {
      this.#folder[Symbol.dispose]();
      throw error;
    }
  }

  /** `loop0` */
  get name(): string {
    return this.path.slice("/dev/".length);
  }

  /** Writes `blocks` blocks from the start of the disk, one request each; returns the writer's pid. */
  async write(blocks: number): Promise<number> {
    return await pidOf(Running.start(this.#writer(blocks)));
  }

  /** Starts a writer that waits for {@linkcode Running.send}. */
  heldWriter(blocks: number): Running {
    const script = 'read -r _ && exec "$@"';
    return Running.start(["sh", "-c", script, "sh", ...this.#writer(blocks)]);
  }

  /** Reads `blocks` blocks from the start of the disk, one request each; returns the reader's pid. */
  async read(blocks: number): Promise<number> {
    return await pidOf(
      Running.start(dd(`if=${this.path}`, "of=/dev/null", "iflag=direct", `count=${blocks}`)),
    );
  }

  /**
   * Calls fsync(2) `times` times with nothing to write: flush requests only; returns the process's
   * pid.
   */
  async flush(times: number): Promise<number> {
    const steps = [`open=${this.path}:1`, `fsync=${times}`];
    const running = Running.start([buildProgram("file_io.c"), ...steps]);
    running.send();
    return await pidOf(running);
  }

  /** Writes as {@linkcode write} does, with O_DSYNC: each block is flushed before the next write. */
  async writeDurably(blocks: number): Promise<number> {
    const command = dd("if=/dev/zero", `of=${this.path}`, "oflag=direct,dsync", `count=${blocks}`);
    return await pidOf(Running.start(command));
  }

  #writer(blocks: number): string[] {
    return dd("if=/dev/zero", `of=${this.path}`, "oflag=direct", `count=${blocks}`);
  }

  [Symbol.dispose](): void {
    try {
      command("losetup", "--detach", this.path);
    } finally {
      this.#folder[Symbol.dispose]();
    }
  }
}

const dd = (...args: string[]): string[] => ["dd", `bs=${BLOCK}`, "conv=notrunc", ...args];

/** Waits for the process to end; returns its pid. */
async function pidOf(running: Running): Promise<number> {
  const { status, stderr } = await running.result;
  assert.equal(status, 0, stderr);
  return running.pid;
}

/** An ext4 file system on a disk of its own, unmounted at disposal. */
export class Ext4 implements Disposable {
  readonly path: string;
  readonly disk: Disk = new Disk();
  readonly #folder = new Folder();

  constructor() {
    this.path = `${this.#folder.path}/mount`;
    try {
      mkdirSync(this.path);
      // In a guest the kernel finds no modprobe of its own.
      if (!/\text4$/m.test(readFileSync("/proc/filesystems", "utf8"))) command("modprobe", "ext4");
      // Everything is initialised now, not lazily while a test counts writes; and no access times are
      // written.
      const now = "lazy_itable_init=0,lazy_journal_init=0";
      command("mkfs.ext4", "-q", "-b", String(BLOCK), "-E", now, this.disk.path);
      command("mount", "-t", "ext4", "-o", "noatime", this.disk.path, this.path);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    try {
      command("umount", this.path);
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.disk[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** A file system of a given type on a disk of its own, unmounted at disposal. */
export class Mounted implements Disposable {
  readonly path: string;
  readonly #disk = new Disk(LARGE);
  readonly #folder = new Folder();

  constructor(type: "ext4" | "xfs" | "btrfs" | "f2fs") {
    this.path = `${this.#folder.path}/mount`;
    try {
      mkdirSync(this.path);
      const known = readFileSync("/proc/filesystems", "utf8");
      // In a guest the kernel finds no modprobe of its own.
      if (!new RegExp(`\\t${type}$`, "m").test(known)) command("modprobe", type);
      command(`mkfs.${type}`, "-q", this.#disk.path);
      command("mount", "-t", type, "-o", "noatime", this.#disk.path, this.path);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    try {
      command("umount", this.path);
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#disk[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** A tmpfs, unmounted at disposal. */
export class Tmpfs implements Disposable {
  readonly path: string;
  readonly #folder = new Folder();

  constructor() {
    this.path = `${this.#folder.path}/mount`;
    try {
      mkdirSync(this.path);
      command("mount", "-t", "tmpfs", "-o", "size=16m", "ts-bcc-test", this.path);
    } catch (error) {
      this.#folder[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    try {
      command("umount", this.path);
    } finally {
      this.#folder[Symbol.dispose]();
    }
  }
}

function command(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8" });
}
