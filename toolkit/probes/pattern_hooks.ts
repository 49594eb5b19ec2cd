/**
 * Resolves patterns (patterns.ts), and attaches the programs of pattern_programs.h to the matches.
 *
 * @module
 */

import {
  type Bpf,
  BpfError,
  demangle,
  type Link,
  u32,
  UnsupportedError,
  type UserFunction,
} from "../../mod.ts";
import { newLink } from "../../plumbing.ts";
import type { Machine } from "../machine/machine.ts";
import type { Target } from "./patterns.ts";
import { complain } from "../output/complain.ts";

/** Perf events are attached and detached one by one: a tenth of a second each. */
const MOST_EVENTS = 1000;
const MOST_NAMES = 10;

/** The matches of a pattern; a program's attach cookie is an index into these lists. */
export interface TargetHooks {
  readonly target: Target;
  /** Names as shown; a probe with several locations in a file occurs several times. */
  readonly names: readonly string[];
  /** The file that contains them; undefined for the kernel. */
  readonly path: string | undefined;
  /** The same as names or offsets, for attaching. */
  readonly places: readonly string[] | readonly UserFunction[];
  /** Only this process. */
  readonly pid: number | undefined;
  /** The cookie of the first match: the number of matches in the lists before. Default 0. */
  readonly firstCookie?: number;
  /** Matching indirect functions (IFUNC) whose implementation is unknown. */
  readonly unknown?: readonly string[];
}

/** Finds the matches. @throws {Error} when there are none, saying where it looked */
export function findHooks(target: Target, machine: Machine, pid?: number): TargetHooks {
  if (pid !== undefined && !machine.exists(`/proc/${pid}`)) {
    throw new Error(`Cannot trace "${target.text}": process ${pid} does not exist`);
  }
  if (target.kind === "kernel") return kernelHooks(target, machine, pid);
  if (target.kind === "tracepoint") return tracepointHooks(target, machine, pid);
  const path = machine.findFile(target.file, pid);
  if (path === undefined) {
    throw new Error(
      `Cannot trace "${target.text}": there is no file "${target.file}"` +
        (target.file.includes("/")
          ? pid === undefined ? "" : ` that process ${pid} sees`
          : ", neither a library that the dynamic linker knows (ldconfig -p) nor a program in " +
            "PATH: give a path"),
    );
  }
  const hooks = target.kind === "usdt"
    ? usdtHooks(target, path, machine)
    : userHooks(target, path, machine, pid);
  return { target, path, pid, ...hooks };
}

function nothing(target: Target, what: string, advice: string): Error {
  return new Error(`Cannot trace "${target.text}": no ${what} matches: ${advice}`);
}

function kernelHooks(target: Target, machine: Machine, pid: number | undefined): TargetHooks {
  const can = machine.hasHook("kprobe");
  if (can.answer === "no") {
    const reason = `${can.reason}: trace a tracepoint (t:CATEGORY:EVENT) or a user function ` +
      "(FILE:FUNCTION)";
    throw new UnsupportedError(`trace "${target.text}"`, "kprobes", reason);
  }
  const names = [...new Set(machine.kernelFunctions(target.pattern))];
  if (names.length === 0) {
    throw nothing(
      target,
      "kernel function that can be probed",
      "it may be inlined or have another name in this kernel: look in /proc/kallsyms, or try *",
    );
  }
  return { target, names, path: undefined, places: names, pid };
}

function tracepointHooks(
  target: Target,
  machine: Machine,
  pid: number | undefined,
): TargetHooks {
  const all = machine.tracepoints(/./);
  const places = all.filter((name) => target.pattern.test(name.replace("/", ":")));
  if (places.length === 0) {
    throw nothing(target, "tracepoint of this kernel", "list them with tplist");
  }
  const names = places.map((name) => name.replace("/", ":"));
  return { target, names, path: undefined, places, pid };
}

/** Matches a file's symbols, or demangled names, with or without parameters. */
function userHooks(
  { pattern, isQualified, ...target }: Target,
  path: string,
  machine: Machine,
  pid: number | undefined,
) {
  const isMeant = (name: string) => {
    const readable = demangle(name);
    return pattern.test(readable) || pattern.test(readable.replace(/\(.*$/s, ""));
  };
  const unknown: string[] = [];
  const leftOut = (name: string) => {
    if (!isQualified || isMeant(name)) unknown.push(name);
  };
  const places = isQualified
    ? machine.userFunctions(path, /^_[ZR]/, pid, leftOut).filter(({ name }) => isMeant(name))
    : machine.userFunctions(path, pattern, pid, leftOut);
  if (places.length === 0) {
    throw new Error(
      `Cannot trace "${target.text}": ` +
        (unknown.length > 0
          ? `${listed(unknown)} of ${path}: ${whyUnknown(pid)}`
          : `no function of ${path} matches: it may be inlined, static in a stripped file, or one ` +
            "that the dynamic linker chooses: list them with nm and nm -D"),
    );
  }
  return { places, names: places.map(({ name }) => demangle(name)), unknown };
}

/** Why the implementation of indirect functions (IFUNC) is unknown. */
function whyUnknown(pid: number | undefined): string {
  return "the dynamic linker chooses the implementation, and " +
    (pid === undefined
      ? "that cannot be told without a process: name one with -p"
      : `none of process ${pid}'s tables tells which (yet): trace it once it was called`) +
    ", or name the implementation by its symbol";
}

function usdtHooks(target: Target, path: string, machine: Machine) {
  const all = machine.usdtProbes(path);
  const full = ({ provider, name }: { provider: string; name: string }) => `${provider}:${name}`;
  const found = all.filter((probe) =>
    target.pattern.test(target.isQualified ? full(probe) : probe.name)
  );
  if (found.length === 0) {
    const there = all.length === 0 ? "it has none" : `it has ${listed(all.map(full))}`;
    throw nothing(target, `USDT probe of ${path}`, there);
  }
  const isAlone = (name: string) => found.filter((probe) => probe.name === name).length === 1;
  const pairs = found.flatMap((probe) =>
    probe.locations.map(({ offset, semaphore }) => {
      const place = { name: full(probe), offset };
      return {
        name: isAlone(probe.name) ? probe.name : full(probe),
        place: semaphore ? { ...place, semaphore: semaphore.offset } : place,
      };
    })
  );
  return { places: pairs.map(({ place }) => place), names: pairs.map(({ name }) => name) };
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The programs to load, for LoadOptions: those of these stems for that kind of pattern. */
export function programsFor(
  { target: { kind } }: TargetHooks,
  stems: readonly string[],
  { onTracepoints = true }: { readonly onTracepoints?: boolean } = {},
): Record<string, boolean> {
  const isUser = kind === "user" || kind === "usdt";
  return Object.fromEntries(stems.flatMap((stem) => [
    [`${stem}_function`, kind !== "tracepoint"],
    [`${stem}_functions`, kind === "kernel"],
    [`${stem}_user_functions`, isUser],
    ...onTracepoints ? [[`${stem}_tracepoint`, kind === "tracepoint"]] : [],
  ]));
}

/** Attaches the programs of a stem; the links list what could be attached. */
export function attachHooks(
  bpf: Bpf,
  stem: string,
  hooks: TargetHooks,
  atReturn = hooks.target.atReturn,
): Link {
  const { target: { kind }, places } = hooks;
  if (kind === "tracepoint") {
    requireFew(hooks);
    return bpf.program(`${stem}_tracepoint`).attachTracepoint(places as readonly string[]);
  }
  const attach = (name: string) => attachFunctions(bpf, name, hooks, atReturn);
  try {
    return attach(`${stem}_${kind === "kernel" ? "functions" : "user_functions"}`);
  } catch (error) {
    // Kernels without multi links attach one by one.
    const isOther = error instanceof BpfError && error.code !== "EPERM" && error.code !== "EACCES";
    if (!isOther && !(error instanceof UnsupportedError)) throw error;
  }
  requireFew(hooks);
  return attach(`${stem}_function`);
}

function attachFunctions(
  bpf: Bpf,
  name: string,
  { path, places, pid, firstCookie = 0 }: TargetHooks,
  atReturn: boolean,
): Link {
  const program = bpf.program(name);
  if (path !== undefined) {
    const functions = places as readonly UserFunction[];
    const process = pid === undefined ? {} : { pid };
    return program.attachUprobe({ path, functions, firstCookie, atReturn, ...process });
  }
  const names = places as readonly string[];
  return atReturn ? program.attachKretprobe(names) : program.attachKprobe(names);
}

/** @throws {Error} when more are left than can be attached one by one */
export function requireFew({ target, places }: TargetHooks, left = places.length): void {
  if (left <= MOST_EVENTS) return;
  throw new Error(
    `Cannot trace "${target.text}": ${left} matches are more than the ${MOST_EVENTS} that ` +
      "can be attached one by one, and this kernel cannot attach these all at once: narrow the " +
      "pattern",
  );
}

/** Reports on standard error which matches could not be attached. */
export function reportSkipped(tool: string, hooks: TargetHooks, link: Link): void {
  const { places, pid, unknown = [] } = hooks;
  if (unknown.length > 0) {
    complain(tool, `left out: ${listed(unknown)}: ${whyUnknown(pid)}`);
  }
  const taken = new Set(link.targets);
  const names = places.map((place) => typeof place === "string" ? place : place.name);
  const skipped = [...new Set(names.filter((name) => !taken.has(name)))];
  if (skipped.length === 0) return;
  complain(
    tool,
    `${skipped.length} of ${names.length} matches cannot be probed and are left out: ` +
      listed(skipped),
  );
}

/**
 * A link that replaces others: closing it makes the programs return at once, and leaves detaching
 * to the end of the tool, so that the report does not wait for it.
 */
export function stopOf(bpf: Bpf): Link {
  return newLink("what the pattern matches", () => {
    bpf.global("stopped", u32).value = 1;
  });
}

/** Whether the programs were told to return: the report in progress is the last. */
export const isStopped = (bpf: Bpf): boolean => bpf.global("stopped", u32).value === 1;
