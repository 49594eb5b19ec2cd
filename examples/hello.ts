/**
 * Says hello for every program that is started, until Ctrl-C.
 *
 *     sudo deno run -A examples/hello.ts
 *     sudo bun examples/hello.ts
 *
 *     Hello, ls (process 4711)
 *
 * It teaches: a hook named in the C source, and typed events through a ring buffer.
 */

import { Bpf } from "../mod.ts";

using bpf = Bpf.compile(`
  #include <linux/sched.h>

  struct hello {
    u32 pid;
    char comm[TASK_COMM_LEN];
  };
  BPF_RINGBUF_OUTPUT(hellos, 8);

  TRACEPOINT_PROBE(sched, sched_process_exec) {
    struct hello hello = { .pid = bpf_get_current_pid_tgid() >> 32 };

    bpf_get_current_comm(&hello.comm, sizeof(hello.comm));
    hellos.ringbuf_output(&hello, sizeof(hello), 0);
    return 0;
  }
`);

bpf.attach();
const hellos = bpf.events("hellos");
process.once("SIGINT", () => hellos.close());
if (process.env.TSBCC_READY === "1") console.error("ready");

for await (const { comm, pid } of hellos) console.log(`Hello, ${comm} (process ${pid})`);
