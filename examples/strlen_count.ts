/**
 * Counts the strings that programs pass to strlen(), in every process, until Ctrl-C.
 *
 *     sudo deno run -A examples/strlen_count.ts
 *     sudo bun examples/strlen_count.ts
 *
 *         COUNT STRING
 *            12 "LC_ALL"
 *           340 "/usr/share/locale"
 *
 * It teaches: C compiled at run time, uprobes in a shared library, a typed map.
 */

import { Bpf, chars, struct, u32, u64 } from "../mod.ts";

const Key = struct("key_t", { c: chars(80) });

using bpf = Bpf.compile(`
  #include <linux/ptrace.h>

  ${Key.toC()}
  BPF_HASH(counts, struct key_t, u64, 1 << 17);
  BPF_HASH(unread, u64, u64);
  BPF_ARRAY(dropped, u64, 1);

  static int count_string(u64 address) {
    struct key_t key = {};
    u64 zero = 0;

    if (bpf_probe_read_user_str(&key.c, sizeof(key.c), (void *)address) < 0)
      return -1;
    u64 *value = counts.lookup_or_try_init(&key, &zero);
    if (value)
      lock_xadd(value, 1);
    else
      dropped.atomic_increment(0);
    return 0;
  }

  int on_entry(struct pt_regs *ctx) {
    u64 thread = bpf_get_current_pid_tgid(), address = PT_REGS_PARM1(ctx);

    // A string that nobody has touched yet may not be in memory before strlen() reads it.
    if (count_string(address) < 0)
      unread.update(&thread, &address);
    return 0;
  }

  int on_return(struct pt_regs *ctx) {
    u64 thread = bpf_get_current_pid_tgid(), *address = unread.lookup(&thread);

    if (address) {
      count_string(*address);
      unread.delete(&thread);
    }
    return 0;
  }
`);

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
const strlen = { library: "c", symbol: "strlen" };
using onReturn = bpf.program("on_return").attachUprobe({ ...strlen, atReturn: true });
using onEntry = bpf.program("on_entry").attachUprobe(strlen);
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log("Counting strlen() calls, Ctrl-C to end");

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
onEntry.close();
onReturn.close();

const counts = [...bpf.map("counts", Key, u64.asNumber)].sort(([, a], [, b]) => a - b);
console.log("     COUNT STRING");
// As JSON: a string may contain escape sequences, which would control this terminal.
for (const [key, n] of counts) console.log(`${String(n).padStart(10)} ${JSON.stringify(key.c)}`);
const dropped = bpf.map("dropped", u32, u64).get(0);
if (dropped) console.error(`${dropped} calls are not counted: too many different strings`);
