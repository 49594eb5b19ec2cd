import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { defineCases, type Job, type Work } from "../../tests/support/cases.ts";
import { Ext4 } from "../../tests/support/disk.ts";
import { Script } from "../../tests/support/script.ts";
import { countedInVmstat } from "../../tests/support/vmstat.ts";

const CACHED = 120 * 1024 * 1024;

/**
 * A process that reads a sparse file, which fills the page cache, and then allocates memory while
 * vm.min_free_kbytes is above the free memory: so it must reclaim some first. It runs on one node
 * and on one CPU, which kswapd needs as well. Guests only: it takes memory from the whole machine.
 */
const script = (file: string) =>
  `import ctypes, glob, os, re
LEAST, MPOL_BIND, SYS_SET_MEMPOLICY = "/proc/sys/vm/min_free_kbytes", 2, 238
def number(path, pattern):
    return sum(int(found) for found in re.findall(pattern, open(path).read(), re.M))
def stalls(): return number("/proc/vmstat", r"^allocstall_\\w+ (\\d+)")
def tell(kilobytes):
    with open(LEAST, "w") as file: file.write(f"{kilobytes}\\n")
print("pid", os.getpid(), flush=True); input()
node = ctypes.c_ulong(1)
assert ctypes.CDLL(None).syscall(SYS_SET_MEMPOLICY, MPOL_BIND, ctypes.byref(node), 64) == 0
old, before = number(LEAST, r"\\d+"), stalls()
for _ in range(10):
    with open("${file}", "rb", buffering=0) as file:
        while file.read(1 << 20): pass
    free = number("/sys/devices/system/node/node0/meminfo", r"MemFree: +(\\d+)")
    nodes = len(glob.glob("/sys/devices/system/node/node[0-9]*"))
    tell(nodes * (free + 20000)) # each node has its part
    taken = b"x" * 30000000
    tell(old)
    del taken
    if stalls() > before: break`;
const short: Work = {
  async start(): Promise<Job> {
    const stack = new AsyncDisposableStack();
    try {
      const file = `${stack.use(new Ext4()).path}/holes`;
      writeFileSync(file, "");
      truncateSync(file, CACHED);
      const command = ["taskset", "-c", "0", "/usr/bin/python3", "-c", script(file)];
      const process = stack.use(await Script.of(command));
      return {
        pid: process.pid,
        go: () => process.go(),
        [Symbol.asyncDispose]: () => stack.disposeAsync(),
      };
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  },
};

/** Checks the number of all rows: at least this process's reclaims, at most all of the machine. */
const everything = countedInVmstat(/^allocstall_/, short, (rows) => rows.length, {
  name: "vmscan/mm_vmscan_direct_reclaim_end",
  line: /^ *python3-\d+ /,
});
const requires = ["modules", "full"] as const;

export default defineCases({
  unseen: { machine: "its memory is not made short" },
  cases: [
    {
      name: "shows each time that a thread must free memory, as the kernel's tracer counts them",
      canary: true,
      requires,
      of: () => true,
      work: everything.work,
      check(rows, context) {
        everything.check(rows, context);
        assert.ok(rows.some(({ pages }) => Number(pages) > 0));
        for (const { latency_ms, free_kb } of rows) {
          assert.ok(Number(latency_ms) > 0 && Number(free_kb) > 0);
        }
      },
    },
    {
      name: "prints bcc's heading",
      args: ["-T", "-U", "-v"],
      work: { script: "true" },
      lines: [/^TIME\(s\) {8}UID {4}COMM {11}PID {4} LAT\(ms\) PAGES {3}FREE\(KB\)$/],
    },
    {
      name: "prints bcc's table",
      requires,
      args: ["-p", "{pid}"],
      work: short,
      lines: [/^python3 {8}{pid} +\d+\.\d\d +\d+$/],
    },
    {
      name: "shows nothing where nothing is short",
      canary: true,
      work: { script: "true" },
      rows: [],
    },
  ],
  filters: { requires, work: short, expect: { least: 1 } },
});
