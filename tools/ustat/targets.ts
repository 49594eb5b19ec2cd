/**
 * The processes that ustat traces: /proc is searched for new ones before each report.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import type { Bpf, Link } from "../../mod.ts";
import { ACTIVITIES, type Language } from "../../toolkit/languages/languages.ts";
import { findRuntime } from "../../toolkit/languages/runtime.ts";
import { complain } from "../../toolkit/output/complain.ts";

/** A process with a language runtime. */
interface Target {
  readonly commandLine: string;
  readonly links: readonly Link[];
}

/** All traced processes, with their links. */
export class Targets implements Disposable {
  readonly #bpf: Bpf;
  readonly #languages: readonly Language[];
  readonly #verbose: boolean;
  readonly #targets = new Map<number, Target>();
  /** Start times of the processes attached to, by pid: a pid may be reused. */
  readonly #seen = new Map<number, string>();

  /** Nothing is attached before {@linkcode look}. */
  constructor(bpf: Bpf, languages: readonly Language[], verbose: boolean) {
    this.#bpf = bpf;
    this.#languages = languages;
    this.#verbose = verbose;
  }

  /** Processes by pid, with their command lines. */
  *[Symbol.iterator](): Generator<readonly [pid: number, commandLine: string]> {
    for (const [pid, { commandLine }] of this.#targets) yield [pid, commandLine];
  }

  /** Attaches to new processes, forgets ended ones. @param only this pid; undefined: all */
  look(only: number | undefined): void {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
      .filter((pid) => pid !== process.pid && (only === undefined || pid === only));
    const running = new Set(pids);
    for (const pid of this.#seen.keys()) if (!running.has(pid)) this.#forget(pid);
    for (const pid of pids) {
      const start = startOf(pid);
      if (start === undefined || this.#seen.get(pid) === start) continue;
      this.#forget(pid);
      // Tried again later if not attached: the process may be between fork and exec.
      if (this.#tryAttach(pid)) this.#seen.set(pid, start);
    }
  }

  /** Detaches from all processes. */
  [Symbol.dispose](): void {
    for (const pid of [...this.#targets.keys()]) this.#forget(pid);
  }

  #forget(pid: number): void {
    this.#seen.delete(pid);
    this.#targets.get(pid)?.links.forEach((link) => link.close());
    this.#targets.delete(pid);
  }

  #tryAttach(pid: number): boolean {
    const comm = textOf(`/proc/${pid}/comm`)?.trim() ?? "";
    const language = this.#languages.find(({ activity }) => activity?.comm.test(comm));
    if (!language) return false;
    try {
      const links = this.#attach(pid, language);
      const commandLine = (textOf(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
      this.#targets.set(pid, { commandLine: commandLine || comm, links });
      return true;
    } catch (error) {
      // The process may end at any time: that must not affect the others.
      if (this.#verbose) complain("ustat", (error as Error).message);
      return false;
    }
  }

  #attach(pid: number, language: Language): Link[] {
    using undo = new DisposableStack();
    const links = ACTIVITIES.flatMap((name) => {
      const queries = language.activity?.[name];
      const runtime = queries && findRuntime(pid, language, queries);
      if (!runtime) return [];
      const { path, points } = runtime;
      if (this.#verbose) {
        complain("ustat", `process ${pid}: ${name} at ${points.length} probe points of ${path}`);
      }
      const link = this.#bpf.program(`count_${name}`).attachUprobe({
        path,
        functions: points,
        pid,
      });
      return [undo.use(link)];
    });
    undo.move();
    return links;
  }
}

/** The start time of a process (field starttime of /proc/PID/stat); undefined if it has ended. */
function startOf(pid: number): string | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** The text of a file in /proc; undefined if the process has ended. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
