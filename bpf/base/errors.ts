/**
 * The library's errors. Each message is a sentence a person can act on: what failed, on what, the
 * errno's name, the likely cause and the fix.
 *
 * @module
 */

import { TsBccError } from "../../ffi/error/ts_bcc_error.ts";
import { errnoName } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { exists, readText } from "../../ffi/libc/files.ts";
import { errnoText } from "../../ffi/libc/libc.ts";

export { ErrnoError } from "../../ffi/libc/errno_error.ts";
export { LibraryError } from "../../ffi/library.ts";

/** Something the kernel or libbpf refused; `code` is the errno's name. */
export class BpfError extends TsBccError {
  /** The name of the class. */
  override name = "BpfError";
  /** What was attempted: `load`, `attach`, `open`, `read`, `update` … */
  readonly op: string;
  /** The errno: 2. */
  readonly errno: number;
  /** The errno's name: `ENOENT`. */
  readonly code: string;

  /** `action` continues the sentence "Cannot …"; `reason` is the likely cause and the fix. */
  constructor(op: string, action: string, errno: number, reason?: string, options?: ErrorOptions) {
    const code = errnoName(errno);
    const message = `Cannot ${action}: ${errnoText(errno)} (${code})${reason ? `: ${reason}` : ""}`;
    // Names in a corrupt object can contain anything; the message must stay one line.
    super(message.replace(/\p{Cc}+/gu, " "), options);
    this.op = op;
    this.errno = errno;
    this.code = code;
  }

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "bpf" | "verifier" {
    return "bpf";
  }
}

/** The kernel or machine lacks a feature, for certain. */
export class UnsupportedError extends TsBccError {
  /** The name of the class. */
  override name = "UnsupportedError";
  /** What is missing: `BTF`, `tracefs`, `ring buffer` … */
  readonly feature: string;
  /** The first kernel version that has it, where there is one: `5.8`. */
  readonly since: string | undefined;

  /** `action` continues the sentence "Cannot …". */
  constructor(action: string, feature: string, reason: string, since?: string) {
    super(`Cannot ${action}: ${reason}${since ? ` (needs Linux ${since} or later)` : ""}`);
    this.feature = feature;
    this.since = since;
  }

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "unsupported" {
    return "unsupported";
  }
}

/** The verifier refused a program: the message holds the telling lines, `log` all of them. */
export class VerifierError extends BpfError {
  /** The name of the class. */
  override name = "VerifierError";
  /** The program's name in C. */
  readonly program: string;
  // Private: runtimes print the fields of an uncaught error, and this can be megabytes.
  readonly #log: string;

  /**
   * `tellLine` maps a quoted source line to the user's text, `explain` translates a complaint.
   */
  constructor(
    program: string,
    errno: number,
    log: string,
    tellLine?: (quoted: string) => string,
    explain?: (complaint: string) => string | undefined,
  ) {
    super("load", `load program "${program}"`, errno, summarizeLog(log, tellLine, explain));
    this.program = program;
    this.#log = log;
  }

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "verifier" {
    return "verifier";
  }

  /** Everything the verifier wrote. */
  get log(): string {
    return this.#log;
  }
}

// Lines of a verifier log that surround the complaint without explaining it: statistics,
// instructions, source lines, register states ("R1=ctx()", "R1_w=…"; but "R1 invalid mem access" is
// the complaint itself), and a remark on the context type that newer kernels make about every
// tracepoint program.
const NOISE = new RegExp(
  "^(processed \\d+ insns|verification time|stack depth|max_states|peak_states|" +
    "\\d+: |; |R\\d+(_\\w+)?=|from \\d+ to |func#|Validating |mark_precise|-- |parent |last_idx|" +
    "regs=|(?:old|cur) state:|arg#\\d+ reference type|" +
    "reg type unsupported for arg#)",
);

// Known to all kernels since 4.16, yet refused where CONFIG_BPF_KPROBE_OVERRIDE is off, as in
// Debian's: it depends on CONFIG_FUNCTION_ERROR_INJECTION.
const NO_OVERRIDE = /^(?:unknown func|program of this type cannot use helper) bpf_override_return#/;
const OVERRIDE_NEEDS =
  " (kprobes may, on a kernel built with CONFIG_BPF_KPROBE_OVERRIDE, at functions that allow error " +
  "injection)";

// Instructions that belong to no source line.
const NO_LINE = /^; *(?:@ \S+:0)?$/;

/**
 * Extracts from a verifier log the last complaint with its source line, and how many lines were
 * omitted.
 */
export function summarizeLog(
  log: string,
  tellLine = (quoted: string): string => `"${quoted}"`,
  explain: (complaint: string) => string | undefined = () => undefined,
): string {
  // Some complaints lack their newline and run into the statistics.
  const lines = log.replaceAll(/(?<=.)processed \d+ insns /g, "\n$&").split("\n")
    .map((line) => line.trim()).filter((line) => line !== "");
  const last = lines.findLastIndex((line) => !NOISE.test(line));
  if (last < 0) return "the kernel gave no telling log";
  const source = lines.slice(0, last).findLast((line) =>
    line.startsWith("; ") && !NO_LINE.test(line)
  );
  const told = [lines[last]!.replace(/\.$/, "")];
  if (NO_OVERRIDE.test(told[0]!)) told[0] += OVERRIDE_NEEDS;
  const meaning = explain(told[0]!);
  if (meaning !== undefined) told[0] = `${meaning}: "${told[0]}"`;
  // "; code @ file.c:12" in newer kernels, "; code" in older ones.
  if (source) told.push(`at ${tellLine(source.slice(2).trim())}`);
  const omitted = lines.length - told.length;
  return told.join(" ") + (omitted > 0 ? ` (${omitted} more lines in the error's log)` : "");
}

/** Bits of the capabilities that tracing is about (include/uapi/linux/capability.h). */
export const Capability = {
  DAC_READ_SEARCH: 2n,
  SYS_ADMIN: 21n,
  SYSLOG: 34n,
  PERFMON: 38n,
  BPF: 39n,
} as const;

/** Whether this process has a capability in effect; undefined when /proc cannot be read. */
export function hasCapability(name: keyof typeof Capability): boolean | undefined {
  let status: string;
  try {
    status = readText("/proc/self/status");
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return digits ? (BigInt(`0x${digits}`) >> Capability[name] & 1n) === 1n : undefined;
}

/** Whether this process may load tracing programs; undefined when /proc cannot be read. */
export function isPrivileged(): boolean | undefined {
  if (hasCapability("SYS_ADMIN")) return true;
  const [bpf, perfmon] = [hasCapability("BPF"), hasCapability("PERFMON")];
  return bpf === undefined || perfmon === undefined ? undefined : bpf && perfmon;
}

/** The likely cause of EMFILE. */
export const TOO_MANY_FILES =
  "each hook and map takes a descriptor, and this process may have no more: raise the limit (ulimit -n)";

/** The likely cause of EPERM or EACCES, and the fix. */
export function permissionReason(): string {
  if (isPrivileged() === false) {
    return "run it as root (sudo), or give it the capabilities CAP_BPF and CAP_PERFMON, and for " +
      "tracepoints CAP_DAC_READ_SEARCH";
  }
  if (lockdown() === "confidentiality") {
    return "kernel lockdown is in confidentiality mode, which forbids programs that read kernel " +
      "memory: boot with lockdown=integrity or without secure boot";
  }
  if (hasCapability("SYS_ADMIN") === false) {
    return "this takes CAP_SYS_ADMIN besides CAP_BPF and CAP_PERFMON, as kprobes and probes of programs and " +
      `libraries do${paranoid()}: run it as root (sudo)`;
  }
  return "this kernel or a security module refuses it even to a privileged process";
}

/** Debian's kernels know a level 3 of this sysctl, at which CAP_PERFMON opens no perf event (seen on 6.12). */
function paranoid(): string {
  const path = "/proc/sys/kernel/perf_event_paranoid";
  const level = exists(path) ? Number(readText(path)) : 0;
  if (level <= 2) return "";
  return `, and all perf events, tracepoints too, while sysctl kernel.perf_event_paranoid is ${level}`;
}

function lockdown(): string | undefined {
  const path = "/sys/kernel/security/lockdown";
  return exists(path) ? /\[(\w+)\]/.exec(readText(path))?.[1] : undefined;
}
