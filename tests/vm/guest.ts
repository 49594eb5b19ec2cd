/** Starts a virtual machine, runs jobs in it one after another, and ends it. */
import { decodeBase64, encodeBase64 } from "@std/encoding";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Channel } from "./channel.ts";
import { requireInitramfs } from "./initramfs.ts";
import { type Hardware, hardware, MACHINES, requireLaunchTools } from "./hardware.ts";
import type { Kernel } from "./kernels.ts";

/** How long a guest may take to end a job after it was told to. */
const KILL_GRACE_MS = 20_000;
const CONSOLE_KEPT = 64 * 1024;
const CONSOLE_LINES = 30;
/** Matches the first console line of a kernel crash; a long trace follows, with the cause at its top. */
const DEATH = /Kernel panic|BUG:|Oops|general protection fault|unable to handle/;

/**
 * The folder where a job leaves files for the host. It is on a file system of its own: it has room if the disk is
 * full.
 */
export const RESULTS = "/run/tsbcc/results";

/** How a job ended. */
export interface JobResult {
  /** `hung`: the guest did not answer. A hung guest, like a crashed one, takes no more jobs. */
  outcome: "exited" | "timed out" | "crashed" | "hung";
  /** The exit status of a job that exited. */
  status: number;
  /** The files that the job left in {@linkcode RESULTS}, by name. */
  files: Map<string, string>;
  /** Whether the job left the disk full. The next job has a fresh one. */
  diskFull: boolean;
}

/** What a {@linkcode Guest} is started with. */
export interface GuestOptions extends Hardware {
  /** The folder that is the guest's root; default: the host's root. */
  root?: string;
  /** Paths on the host that jobs need; they may be on other file systems than the root. */
  paths: readonly string[];
  /** Time limit for booting, in milliseconds. */
  bootLimitMs: number;
  /** Ends the guest when aborted, and rejects pending calls. */
  signal: AbortSignal;
}

/** A running guest. It runs until `close()`, or until this process ends. */
export class Guest {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #abort: () => void;
  readonly #signal: AbortSignal;
  #console = "";
  #jobs = 0;
  #isAlive = true;
  #output: (text: string) => void = () => {};
  #message: (words: string[]) => void = () => {};

  private constructor(command: readonly string[], token: string, signal: AbortSignal) {
    // setpriv: the kernel kills the guest if this process is killed. In a process group of its own the
    // guest gets no SIGINT from the terminal: this process does, and closes the guest in order.
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#isAlive = false;
        resolve();
      };
      this.#child.on("close", end);
      this.#child.on("error", (error) => {
        this.#console += error.message;
        end();
      });
    });
    const channel = new Channel(token, {
      output: (text) => this.#output(text),
      message: (words) => this.#message(words),
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.stdout?.on("data", (bytes: Uint8Array) => channel.push(bytes));
    const decoder = new TextDecoder();
    this.#child.stderr?.on("data", (bytes: Uint8Array) => {
      this.#console = (this.#console + decoder.decode(bytes, { stream: true }))
        .slice(-CONSOLE_KEPT);
    });
    this.#signal = signal;
    this.#abort = () => this.#kill();
    signal.addEventListener("abort", this.#abort);
  }

  /**
   * Starts a guest and waits until it accepts jobs.
   *
   * @throws Error, with the end of its console, if it does not come up within the limit.
   */
  static async boot(kernel: Kernel, options: GuestOptions): Promise<Guest> {
    options.signal.throwIfAborted();
    const token = randomBytes(8).toString("hex");
    const command = await launchCommand(kernel, token, options);
    const guest = new Guest(command, token, options.signal);
    const ready = new Promise<boolean>((resolve) => {
      guest.#message = ([what]) => what === "ready" && resolve(true);
    });
    const timer = setTimeout(() => guest.#kill(), options.bootLimitMs);
    const isReady = await Promise.race([ready, guest.#ended.then(() => false)]);
    clearTimeout(timer);
    if (isReady) return guest;
    await guest.close();
    options.signal.throwIfAborted();
    throw new Error(`The guest did not boot\n${guest.consoleTail()}`);
  }

  /** Whether the guest can take another job. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The last lines of the guest's console, or, after a crash, those from the kernel's message on. */
  consoleTail(): string {
    const lines = this.#console.trimEnd().split(/\r?\n/);
    const death = lines.findIndex((line) => DEATH.test(line));
    const start = death < 0 ? lines.length - CONSOLE_LINES : death;
    return lines.slice(Math.max(0, start)).slice(0, CONSOLE_LINES).join("\n");
  }

  /** Runs a shell script as root in the guest; a job that exceeds the limit is killed. */
  async run(
    script: string,
    limitMs: number,
    onOutput: (text: string) => void,
  ): Promise<JobResult> {
    const id = String(++this.#jobs);
    const result: JobResult = { outcome: "crashed", status: -1, files: new Map(), diskFull: false };
    let isKilled = false;
    const ended = new Promise<void>((resolve) => {
      this.#message = ([what, of, value = "", ...rest]) => {
        if (of !== id) return;
        if (what === "file") {
          result.files.set(value, new TextDecoder().decode(decodeBase64(rest.join())));
        }
        if (what !== "end") return;
        const [free, all] = rest;
        result.outcome = isKilled ? "timed out" : "exited";
        result.status = Number(value);
        result.diskFull = Number(free) < Number(all) / 100;
        resolve();
      };
    });
    const timers = [
      setTimeout(() => {
        isKilled = true;
        this.#send(`kill ${id}`);
      }, limitMs),
      setTimeout(() => {
        result.outcome = "hung";
        this.#kill();
      }, limitMs + KILL_GRACE_MS),
    ];
    this.#output = onOutput;
    this.#send(`run ${id} ${encodeBase64(script)}`);
    await Promise.race([ended, this.#ended]);
    timers.forEach(clearTimeout);
    this.#output = () => {};
    this.#signal.throwIfAborted();
    return result;
  }

  /** Ends the guest and waits until it, its file server and its mounts are gone. */
  async close(): Promise<void> {
    this.#kill();
    await this.#ended;
    this.#signal.removeEventListener("abort", this.#abort);
  }

  #send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /**
   * Kills process 1 of the guest's pid namespace: the kernel then kills all processes in it. The parent of
   * process 1 is our child process and ends only when all of them have ended.
   */
  #kill(): void {
    const { pid } = this.#child;
    if (!this.#isAlive || pid === undefined) return;
    try {
      // The child process may not have forked process 1 yet: then it is the only process to kill.
      process.kill(firstChild(pid) ?? pid, "SIGKILL");
    } catch {
      // ESRCH: the process has just ended.
    }
  }
}

function firstChild(pid: number): number | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return undefined;
  const [child] = readFileSync(path, "utf8").split(" ");
  return Number(child) || undefined;
}

async function launchCommand(
  kernel: Kernel,
  token: string,
  options: GuestOptions,
): Promise<string[]> {
  const machine = MACHINES[kernel.architecture];
  const { qemu, virtiofsd } = await requireLaunchTools(kernel.architecture);
  const initramfs = await requireInitramfs(kernel, options.signal);
  const { root = "/" } = options;
  const device = statSync("/").dev;
  const binds = options.paths.filter((path) => root !== "/" || statSync(path).dev !== device);
  return [
    ...["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
    ...[
      "bash",
      join(import.meta.dirname ?? ".", "guest_launch.sh"),
      virtiofsd,
      root,
      ...binds,
      "--",
    ],
    // The name shows which run the QEMU process belongs to: the harness's own test looks for it.
    ...[qemu, "-name", `tsbcc-vm-${process.pid}`],
    // QEMU 7.2's threads race with the kernel's patching of its own text: guests crash at random.
    ...["-accel", "tcg,thread=single", "-cpu", machine.cpu],
    ...hardware(machine.board, options),
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-serial", "file:/dev/stderr", "-device", "virtio-serial-pci"],
    ...["-chardev", "stdio,id=agent,signal=off"],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...["-chardev", "socket,id=host,path=/mnt/socket"],
    ...["-device", "vhost-user-fs-pci,chardev=host,tag=host"],
    ...["-kernel", join(kernel.directory, "vmlinux"), "-initrd", initramfs],
    "-append",
    `console=${machine.console} ` +
    "quiet panic=-1 oops=panic mitigations=off lsm=landlock,lockdown,yama,bpf " +
    // Automatic NUMA balancing would unmap pages now and then, to learn which node uses them.
    ((options.nodes ?? 1) > 1 ? "numa_balancing=disable " : "") +
    // Without cmpxchg16b (hardware.ts) Linux 7.2 can allocate where it must not wait for locks, such as for task
    // storage in the scheduler, only from slab caches with debugging.
    (kernel.architecture === "amd64" && Number.parseInt(kernel.release) >= 7
      ? "slab_debug=F,kmalloc-* "
      : "") +
    `tsbcc.token=${token}`,
  ];
}
