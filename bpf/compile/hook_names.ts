/**
 * Hooks encoded in a function's name, as in bcc: `kprobe__vfs_read`, `tracepoint__sched__…`.
 *
 * @module
 */

import { exists } from "../../ffi/libc/files.ts";
import type { Attachable } from "../attach/attachment.ts";
import { attachIterator } from "../attach/iterator.ts";
import { attachKprobe, attachKretprobe } from "../attach/kprobe.ts";
import { attachRawTracepoint } from "../attach/raw_tracepoint.ts";
import { attachTraced } from "../attach/tracing.ts";
import { attachTracepoint } from "../attach/tracepoint.ts";
import type { Link } from "../base/link.ts";
import type { ProgramType } from "../tables/program_type.ts";
import { syscallFunction } from "../tables/syscalls.ts";

/** The hook that a function's name encodes. */
export interface NamedHook {
  readonly kind: keyof typeof KINDS;
  readonly type: ProgramType;
  /** The hook as a section name would say it: `kprobe/vfs_read`. */
  readonly section: string;
  readonly target: string;
}

/** How to load and attach each kind, by the prefix of the function's name. */
const KINDS = {
  kprobe: { type: "KPROBE", attach: (program, target) => attachKprobe(program, kernel(target)) },
  kretprobe: {
    type: "KPROBE",
    attach: (program, target) => attachKretprobe(program, kernel(target)),
  },
  tracepoint: {
    type: "TRACEPOINT",
    attach(program, target) {
      const [category, name] = target.split("/");
      return attachTracepoint(program, category!, name ?? "");
    },
  },
  raw_tracepoint: { type: "RAW_TRACEPOINT", attach: attachRawTracepoint },
  kfunc: { type: "TRACING", attach: (program, target) => traced(program, `fentry ${target}`) },
  kretfunc: { type: "TRACING", attach: (program, target) => traced(program, `fexit ${target}`) },
  kmod_ret: { type: "TRACING", attach: (program, target) => traced(program, `fmod_ret ${target}`) },
  lsm: { type: "LSM", attach: (program, target) => attachTraced(program, "LSM", `LSM ${target}`) },
  bpf_iter: { type: "TRACING", attach: attachIterator },
} as const satisfies Record<
  string,
  { type: ProgramType; attach: (program: Attachable, target: string) => Link }
>;

/**
 * Prefixes whose names are kernel functions, since libbcc 0.28 preceded by the module and two
 * underscores.
 */
const OF_MODULES: ReadonlySet<string> = new Set(["kfunc", "kretfunc"]);

/** The hook that a function's name encodes; undefined for a plain name. */
export function hookOf(name: string): NamedHook | undefined {
  const [, prefix, rest] = /^([a-z_]+?)__(.+)$/.exec(name) ?? [];
  if (prefix === undefined || !Object.hasOwn(KINDS, prefix)) return undefined;
  const kind = prefix as keyof typeof KINDS;
  const target = kind === "tracepoint"
    ? rest!.replace("__", "/")
    : OF_MODULES.has(kind)
    ? withoutVmlinux(rest!)
    : rest!;
  return { kind, type: KINDS[kind].type, section: `${kind}/${target}`, target };
}

/** "vmlinux__vfs_read" and "vfs_read" are the same; others become "MODULE/FUNCTION". */
function withoutVmlinux(name: string): string {
  const [, module, rest] = /^(\w+?)__(.+)$/.exec(name) ?? [];
  if (module === undefined || !exists(`/sys/kernel/btf/${module}`)) return name;
  return module === "vmlinux" ? rest! : `${module}/${rest}`;
}

/** Attaches a program where its name says. */
export function attachNamed(program: Attachable, hook: NamedHook): Link {
  return KINDS[hook.kind].attach(program, hook.target);
}

/**
 * `sys_clone` stands for the entry of the system call, whatever this architecture calls that
 * function.
 */
function kernel(name: string): string {
  return name.startsWith("sys_") ? syscallFunction(name) : name;
}

function traced(program: Attachable, description: string): Link {
  return attachTraced(program, "TRACING", description);
}
