// Not in guests: it asks a compiler about headers, whatever kernel runs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { syscallNumberOf } from "../../bpf/tables/syscalls.ts";
import { registerOffset, registerOffsets } from "../../bpf/tables/registers.ts";
import { EVENT_LAYOUT } from "../../ffi/libc/epoll.ts";
import { NOFOLLOW } from "../../ffi/libc/open_path.ts";
import { SYSCALL_NUMBERS } from "../../ffi/libc/syscall_numbers.ts";
import { BY_ARCHITECTURE } from "../../tools/opensnoop/open_flags.ts";
import { requires } from "../support/requires.ts";

type Architecture = "x64" | "arm64";

const TARGETS = {
  x64: ["x86_64-linux-gnu", "/usr/include/x86_64-linux-gnu"],
  arm64: ["aarch64-linux-gnu", "/usr/aarch64-linux-gnu/include"],
} as const;

/**
 * Members of the user-space struct pt_regs of x86, by the kernel's names
 * (arch/x86/include/uapi/asm/ptrace.h).
 */
const X86_NAMES = {
  ...{ bp: "rbp", bx: "rbx", ax: "rax", cx: "rcx", dx: "rdx", si: "rsi", di: "rdi" },
  ...{ orig_ax: "orig_rax", ip: "rip", cs: "cs", flags: "eflags", sp: "rsp", ss: "ss" },
} as const;

/** Compiles C with an architecture's kernel headers. */
function clang(architecture: Architecture, flags: readonly string[], text: string): string {
  const [target, include] = TARGETS[architecture];
  const paths = ["-nostdinc", "-isystem", include, "-isystem", "/usr/include"];
  return execFileSync("clang", ["-target", target, ...paths, ...flags, "-x", "c", "-"], {
    input: text,
    encoding: "utf8",
  });
}

const checkFacts = (architecture: Architecture, headers: readonly string[], facts: string[]) =>
  clang(
    architecture,
    ["-fsyntax-only"],
    [
      ...headers.map((header) => `#include <${header}>`),
      ...facts.map((fact) => `_Static_assert(${fact}, "${fact.replaceAll('"', "")}");`),
    ].join("\n"),
  );

/** Static assertions that compare the offsets of registers.ts with the compiler's. */
function registerFacts(architecture: Architecture): string[] {
  const { args, result, ip, sp, size } = registerOffsets(architecture);
  if (architecture === "arm64") {
    const at = (member: string) => `__builtin_offsetof(struct user_pt_regs, ${member})`;
    return [
      `sizeof(struct user_pt_regs) == ${size}`,
      ...args.map((offset, i) => `${at(`regs[${i}]`)} == ${offset}`),
      ...[0, 8, 29, 30].map((i) =>
        `${at(`regs[${i}]`)} == ${registerOffset(`regs[${i}]`, architecture)}`
      ),
      `${at("regs[0]")} == ${result}`,
      `${at("pc")} == ${ip}`,
      `${at("sp")} == ${sp}`,
      `${at("sp")} == ${registerOffset("sp", architecture)}`,
    ];
  }
  const at = (member: string) => `__builtin_offsetof(struct pt_regs, ${member})`;
  return [
    `sizeof(struct pt_regs) == ${size}`,
    ...["rdi", "rsi", "rdx", "rcx", "r8", "r9"].map((name, i) => `${at(name)} == ${args[i]}`),
    `${at("rax")} == ${result}`,
    `${at("rip")} == ${ip}`,
    `${at("rsp")} == ${sp}`,
    ...Object.entries(X86_NAMES).map(([own, name]) =>
      `${at(name)} == ${registerOffset(own, architecture)}`
    ),
    ...["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"].map((name) =>
      `${at(name)} == ${registerOffset(name, architecture)}`
    ),
  ];
}

for (const architecture of ["x64", "arm64"] as const) {
  const name = `tables of ${architecture} are as the kernel's headers have it`;
  const skip = architecture === "arm64" ? requires(name, "arm64Headers") : false;
  test(name, { skip }, () => {
    const macros = clang(architecture, ["-E", "-dM"], "#include <asm/unistd.h>\n");
    const named = [...macros.matchAll(/^#define __NR_(\w+) /gm)].map(([, call]) => call!)
      .filter((call) => !/^(syscalls|arch_specific_syscall)$/.test(call));
    assert.ok(named.length > 250);
    checkFacts(architecture, ["asm/unistd.h"], [
      ...named.map((call) => `__NR_${call} == ${syscallNumberOf(call, architecture) ?? -1}`),
      ...Object.entries(SYSCALL_NUMBERS).map(([call, own]) =>
        `__NR_${call} == ${own[architecture]}`
      ),
    ]);
    checkFacts(architecture, ["asm/ptrace.h"], registerFacts(architecture));
    const [size, offset] = EVENT_LAYOUT[architecture];
    checkFacts(architecture, ["linux/types.h", "asm/fcntl.h", "linux/eventpoll.h"], [
      `sizeof(struct epoll_event) == ${size}`,
      `__builtin_offsetof(struct epoll_event, data) == ${offset}`,
      `O_NOFOLLOW == ${NOFOLLOW[architecture]}`,
      ...Object.entries(BY_ARCHITECTURE[architecture]!).map(([flag, bits]) => `${flag} == ${bits}`),
    ]);
  });
}
