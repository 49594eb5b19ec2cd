// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { libc } from "../../ffi/libc/libc.ts";
import { Bpf, struct, tracepointFields, tracepoints, u32, u64 } from "../../mod.ts";

const SYS_LANDLOCK_ADD_RULE = 445n; // the same on all architectures

test("arguments of tracepoints lie where the kernel says, for each of many tracepoints", () => {
  const names = tracepoints(
    /^(?:xfs\/xfs_(?:group|perag)_|syscalls\/sys_enter_[a-l]|sched\/|ipi\/)/,
  );
  assert.ok(names.length > 30, `${names.length} tracepoints`);
  const checks = names.flatMap((name) => {
    const type = `struct tracepoint__${name.replace("/", "__")}`;
    return tracepointFields(name).map((field) => {
      const dynamic = /^__(data|rel)_loc /.exec(field.type)?.[1];
      const member = dynamic ? `${dynamic}_loc_${field.name}` : field.name.replace(/\[.*/, "");
      const same = name.startsWith("syscalls/") ? "<=" : "==";
      return `_Static_assert(__builtin_offsetof(${type}, ${member}) == ${field.offset} && ` +
        `sizeof(((${type} *)0)->${member}) ${same} ${field.size}, "${name} ${field.name}");`;
    });
  });
  using bpf = Bpf.compile(
    `#include <linux/sched.h>\n${checks.join("\n")}\nint nothing(void *ctx) { return 0; }\n`,
  );
  assert.deepEqual([...bpf.programs.keys()], ["nothing"]);
});

for (
  const form of [
    "TRACEPOINT_PROBE(syscalls, sys_enter_landlock_add_rule)",
    "int tracepoint__syscalls__sys_enter_landlock_add_rule(struct tracepoint__syscalls__sys_enter_landlock_add_rule *args)",
  ]
) {
  test(`arguments of a system call are what was passed: ${form.slice(0, 16)}`, () => {
    const Call = struct("call", { fd: u32, type: u32, attr: u64, flags: u32 });
    using bpf = Bpf.compile(`
#include <linux/sched.h>
struct call { u32 fd; u32 type; u64 attr; u32 flags; };
BPF_HASH(calls, u32, struct call);
${form} {
  u32 key = 1;
  if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
  struct call call = {};
  call.fd = args->ruleset_fd;
  call.type = args->rule_type;
  call.attr = (u64)args->rule_attr;
  call.flags = args->flags;
  calls.update(&key, &call);
  return 0;
}`);
    bpf.attach();
    libc().syscall(SYS_LANDLOCK_ADD_RULE, 11n, 22n, 0x3333n, 44n, 0n, 0n);
    assert.deepEqual([...bpf.map("calls", u32, Call)], [
      [1, { fd: 11, type: 22, attr: 0x3333n, flags: 44 }],
    ]);
  });
}
