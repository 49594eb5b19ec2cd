// The types of kernel code: those of its definition, and those that `ts-bcc types` writes.
// Not in guests: it starts a compiler of TypeScript; kernels differ in what is declared, not in how.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  cast,
  comm,
  hash,
  histogram,
  kernel,
  pid,
  ringBuffer,
  tracepoint,
  UserStack,
} from "../../kernel.ts";
import { Bpf, chars, type EventStream, struct, u32, u64 } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const TYPES = [...scriptCommand(join(PROJECT, "cli/ts_bcc.ts")), "types"];
const NAMES = [
  "sched/sched_switch",
  "sock/inet_sock_set_state",
  "sched_process_exec",
  "vfs_read",
  "bpf_iter_task",
  "struct task_struct",
];

declare global {
  var KernelTracepoints: KernelTracepoints;
  var KernelStructs: KernelStructs;
  interface KernelTracepoints {
    "tests/types": { readonly prev_pid: number; readonly state: bigint };
  }
  interface KernelStructs {
    "struct tests_types": {
      readonly inner: KernelStructs["struct tests_types"];
      readonly id: number;
    };
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

test("events and maps have the types of the definition", () => {
  const Open = struct("open", { pid: u32, comm: chars(16) });
  const code = kernel({
    maps: {
      opens: ringBuffer(Open),
      counts: hash(Open, u64),
      sizes: histogram(chars(16)),
      stacks: hash(UserStack, u64),
    },
    globals: { target: u32, total: u64 },
  }, {
    open: tracepoint("syscalls/sys_enter_openat", (_, { opens, target }) => {
      if (target === 0) opens.emit({ pid: pid(), comm: comm() });
    }),
  });
  using bpf = Bpf.load(code);
  const events: Equal<typeof events_, EventStream<{ pid: number; comm: string }>> = true;
  const events_ = bpf.events("opens");
  const counts = bpf.map("counts");
  const value: bigint | undefined = counts.get({ pid: 1, comm: "one" });
  const slots: bigint | undefined = bpf.map("sizes").get({ of: "one", slot: 3 });
  const stack: number[] = [...bpf.map("stacks")].map(([{ id }]) => id);
  const target: number = bpf.global("target").value;
  const total: bigint = bpf.global("total").value;
  assert.deepEqual([events, value, slots, stack, target, total], [
    true,
    undefined,
    undefined,
    [],
    0,
    0n,
  ]);
});

test("hooks and structs have the types that are declared", () => {
  const program = tracepoint("tests/types", (e) => {
    const pid: Equal<typeof e.prev_pid, number> = true;
    const state: Equal<typeof e.state, bigint> = true;
    // @ts-expect-error: it has no such field
    e.nothing;
    const struct = cast(e.state, "struct tests_types");
    const id: Equal<typeof struct.inner.inner.id, number> = true;
    // @ts-expect-error: it has no such field
    struct.nothing;
    return [pid, state, id];
  });
  const unknown = tracepoint("tests/unknown", (e) => e.anything);
  assert.equal(program.hook.kind, unknown.hook.kind);
});

test("ts-bcc types writes tracepoints, functions, and the structs they lead to", async () => {
  const { stdout, stderr } = await run([...TYPES, "sched/sched_process_exec", "bpf_iter_bpf_link"]);
  assert.equal(stderr, "");
  const lines = stdout.split("\n").map((line) => line.trim());
  const of = (name: string) => lines.find((line) => line.startsWith(`${JSON.stringify(name)}: `));
  assert.equal(
    of("sched/sched_process_exec"),
    '"sched/sched_process_exec": { readonly filename: string; readonly pid: number; readonly old_pid: number; };',
  );
  assert.ok(lines.includes(
    'bpf_iter_bpf_link: { readonly parameters: { readonly meta: KernelStructs["struct bpf_iter_meta"]; ' +
      'readonly link: KernelStructs["struct bpf_link"]; }; readonly returned: number; };',
  ));
  assert.match(
    of("struct bpf_link")!,
    / readonly id: number; .*readonly prog: KernelStructs\["struct bpf_prog"\];/,
  );
  assert.match(of("struct bpf_prog")!, / readonly jited: number; /);
});

const WRITTEN = "ts-bcc types declares what hooks and structs have, for TypeScript";
// TypeScript's compiler is Deno's, and takes its time for the whole library.
test(WRITTEN, { skip: RUNTIME === "Bun" || requires(WRITTEN, "full") }, async () => {
  using folder = new Folder();
  const out = join(folder.path, "kernel.d.ts");
  const { status, stdout, stderr } = await run([...TYPES, "--out", out, ...NAMES]);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  const script = join(folder.path, "script.ts");
  const library = JSON.stringify(join(PROJECT, "kernel.ts"));
  writeFileSync(
    script,
    `/// <reference path="./kernel.d.ts" />
    import { btfTracepoint, cast, currentTask, fexit, iterator, kernel, tracepoint } from ${library};
    export const code = kernel({}, {
      switched: tracepoint("sched/sched_switch", (e) => {
        const pid: number = e.prev_pid;
        const name: string = e.next_comm;
        const state: bigint = e.prev_state;
        // @ts-expect-error: a tracepoint has the fields of its format file only
        e.nothing;
        void [pid, name, state];
      }),
      state: tracepoint("sock/inet_sock_set_state", (e) => {
        const bytes: readonly number[] = e.saddr;
        const sk = cast(e.skaddr, "struct sock");
        const port: number = sk.__sk_common.skc_dport;
        // @ts-expect-error: a struct has its own fields only
        sk.nothing;
        void [bytes, port];
      }),
      exec: btfTracepoint("sched_process_exec", ({ p }) => {
        const parent: number = p.real_parent.tgid;
        const name: string = currentTask().comm;
        void [parent, name];
      }),
      read: fexit("vfs_read", ({ file, count, returned }) => {
        const flags: number = file.f_flags;
        const sum: bigint = count + returned;
        void [flags, sum];
      }),
      tasks: iterator("task", ({ task }) => void (task.pid satisfies number)),
      unknown: tracepoint("raw_syscalls/sys_enter", (e) => void e.anything),
    });\n`,
  );
  const checked = await run([
    process.execPath,
    "check",
    "--config",
    join(PROJECT, "deno.json"),
    script,
  ]);
  assert.equal(checked.status, 0, checked.stderr);
});

test("ts-bcc types says what this kernel has not", async () => {
  using folder = new Folder();
  const out = join(folder.path, "kernel.d.ts");
  for (
    const [name, message] of [
      ["sched/nothing", /^ts-bcc: this kernel has no tracepoint sched\/nothing: list them in /],
      [
        "nothing_at_all",
        /^ts-bcc: this kernel's BTF has no function, tracepoint or struct "nothing_at_all"/,
      ],
    ] as const
  ) {
    const { status, stderr } = await run([...TYPES, "--out", out, name]);
    assert.match(stderr, message);
    assert.equal(status, 1);
    assert.equal(existsSync(out), false);
  }
  const printed = await run([...TYPES, "sched/sched_process_e*"]);
  const declared = Array.from(printed.stdout.matchAll(/^ {4}"(sched\/\w+)"/gm), ([, name]) => name);
  assert.deepEqual(declared.toSorted(), ["sched/sched_process_exec", "sched/sched_process_exit"]);
});
