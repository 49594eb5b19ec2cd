/**
 * The load and attach parameters of each hook.
 *
 * @module
 */

import { attachIterator } from "../attach/iterator.ts";
import { attachKprobe, attachKretprobe } from "../attach/kprobe.ts";
import { attachPerfEvent } from "../attach/perf_event.ts";
import { attachRawTracepoint } from "../attach/raw_tracepoint.ts";
import { attachTc } from "../attach/tc.ts";
import { attachTraced } from "../attach/tracing.ts";
import { attachTracepoint } from "../attach/tracepoint.ts";
import { attachUprobe } from "../attach/uprobe.ts";
import { attachReader } from "../attach/usdt.ts";
import { attachXdp } from "../attach/xdp.ts";
import type { Link } from "../base/link.ts";
import type { LoadedProgram } from "../loaded_program.ts";
import type { ProgramType } from "../tables/program_type.ts";
import { prototypeFor } from "./contexts/kernel_context.ts";
import { readerFor } from "./contexts/usdt_context.ts";
import type { Hook } from "./language/hooks.ts";

/** The program type of each hook. */
export const PROGRAM_TYPES: Readonly<Record<Hook["kind"], ProgramType>> = {
  tracepoint: "TRACEPOINT",
  rawTracepoint: "RAW_TRACEPOINT",
  btfTracepoint: "TRACING",
  kprobe: "KPROBE",
  kretprobe: "KPROBE",
  fentry: "TRACING",
  fexit: "TRACING",
  modifyReturn: "TRACING",
  iterator: "TRACING",
  lsm: "LSM",
  uprobe: "KPROBE",
  uretprobe: "KPROBE",
  usdt: "KPROBE",
  perfEvent: "PERF_EVENT",
  xdp: "XDP",
  tc: "SCHED_CLS",
  socketFilter: "SOCKET_FILTER",
};

/** enum bpf_attach_type for programs that name their hook at load time. */
const ATTACH_TYPES = {
  btfTracepoint: 23,
  fentry: 24,
  fexit: 25,
  modifyReturn: 26,
  lsm: 27,
  iterator: 28,
} as const;

/** The load parameters: the attach target, for hooks where the kernel wants it at load time. */
export function loadedFor(
  program: string,
  hook: Hook,
): { readonly attachType?: number; readonly target?: number } {
  switch (hook.kind) {
    case "btfTracepoint":
    case "fentry":
    case "fexit":
    case "modifyReturn":
    case "lsm":
    case "iterator":
      return { attachType: ATTACH_TYPES[hook.kind], target: prototypeFor(program, hook).id };
    default:
      return {};
  }
}

/** Attaches a program where its hook says. */
export function attachHook(program: LoadedProgram, hook: Hook): Link {
  switch (hook.kind) {
    case "tracepoint":
      return attachTracepoint(program, hook.category, hook.name);
    case "rawTracepoint":
      return attachRawTracepoint(program, hook.name);
    case "btfTracepoint":
    case "fentry":
    case "fexit":
    case "modifyReturn":
      return attachTraced(program, "TRACING", program.section);
    case "lsm":
      return attachTraced(program, "LSM", program.section);
    case "iterator":
      return attachIterator(program, hook.name, hook.options);
    case "kprobe":
      return attachKprobe(program, hook.name);
    case "kretprobe":
      return attachKretprobe(program, hook.name);
    case "usdt":
      return attachReader(program, readerFor(program.name, hook.options));
    case "uprobe":
    case "uretprobe":
      if (!hook.options) break;
      return attachUprobe(program, { ...hook.options, atReturn: hook.kind === "uretprobe" });
    case "perfEvent":
      if (!hook.options) break;
      return attachPerfEvent(program, hook.options);
    case "xdp": {
      if (!hook.target) break;
      const { interface: name, mode } = hook.target;
      return attachXdp(program, name, mode ? { mode } : {});
    }
    case "tc":
      if (!hook.target) break;
      return attachTc(program, hook.target.interface, hook.target.direction);
  }
  throw new TypeError(
    `Cannot attach program "${program.name}" by itself: its hook names no target: use an attach method`,
  );
}

/** The hook as an ELF section name; empty when it has no target. */
export function sectionOf(hook: Hook): string {
  switch (hook.kind) {
    case "tracepoint":
      return `tracepoint/${hook.category}/${hook.name}`;
    case "rawTracepoint":
      return `raw_tp/${hook.name}`;
    case "btfTracepoint":
      return `tp_btf/${hook.name}`;
    case "iterator":
      return `iter/${hook.name}`;
    case "modifyReturn":
      return `fmod_ret/${hook.name}`;
    case "uprobe":
    case "uretprobe":
      if (!hook.options) return "";
      return `${hook.kind}/${hook.options.path ?? hook.options.library}`;
    case "usdt":
      return `usdt/${hook.options.path ?? hook.options.library ?? hook.options.pid}`;
    case "perfEvent":
      return hook.options ? "perf_event" : "";
    case "xdp":
    case "tc":
      return hook.target ? hook.kind : "";
    case "socketFilter":
      return "";
    default:
      return `${hook.kind}/${hook.name}`;
  }
}
