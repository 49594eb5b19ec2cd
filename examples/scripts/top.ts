// The ten programs that open most files, every second, by its own means.
import { Bpf, chars, comm, hash, kernel, tracepoint, u64 } from "ts-bcc";

const code = kernel({ maps: { opens: hash(chars(16), u64) } }, {
  open: tracepoint("syscalls/sys_enter_openat", (_, { opens }) => opens.increment(comm())),
});

using bpf = Bpf.load(code);
bpf.attach();
const opens = bpf.map("opens");
let before = new Map<string, bigint>();
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  // Differences: what is counted between reading a map and clearing it would be missing.
  const now = new Map(opens);
  const more = Array.from(now, ([name, count]) => [name, count - (before.get(name) ?? 0n)] as const)
    .filter(([, count]) => count > 0n).sort(([, a], [, b]) => Number(b - a));
  for (const [name, count] of more.slice(0, 10)) console.log(`${name.padEnd(16)} ${count}`);
  console.log();
  before = now;
}
