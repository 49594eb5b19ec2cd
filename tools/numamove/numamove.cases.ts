import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type Case, defineCases, type Job, sumOf, type Work } from "../../tests/support/cases.ts";
import { Script } from "../../tests/support/script.ts";
import { vmstat } from "../../tests/support/vmstat.ts";

const BALANCING = "/proc/sys/kernel/numa_balancing";

/**
 * A process that fills memory on one node and then touches it on another, until the kernel has
 * moved some of its own pages there (numa_maps): it moves pages of other processes as well.
 */
const straying = (): Promise<Script> =>
  Script.of([
    ...["taskset", "-c", "0", "/usr/bin/python3", "-c"],
    `import ctypes, mmap, os
print("pid", os.getpid(), flush=True); input()
area = mmap.mmap(-1, 4096 * 499, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area.madvise(mmap.MADV_NOHUGEPAGE)
def touch():
    for at in range(0, len(area), 4096): area[at] = 1
start = "%x " % ctypes.addressof(ctypes.c_char.from_buffer(area))
def there():
    [line] = [line for line in open("/proc/self/numa_maps") if line.startswith(start)]
    return sum(int(word[3:]) for word in line.split() if word.startswith("N1="))
touch()
before = there()
os.sched_setaffinity(0, {1})
while there() <= before: touch()`,
  ]);

/** The same with NUMA balancing turned on, and a check against the kernel's own counters. */
function balanced(): { readonly work: Work } & Required<Pick<Case, "check">> {
  const counts = () => ({
    pages: vmstat(/^numa_pages_migrated$/),
    faults: vmstat(/^numa_hint_faults$/),
  });
  let before = counts();
  return {
    work: {
      async start(): Promise<Job> {
        const script = await straying();
        before = counts();
        return {
          pid: script.pid,
          async go() {
            writeFileSync(BALANCING, "1\n");
            await script.go();
          },
          async [Symbol.asyncDispose]() {
            writeFileSync(BALANCING, "0\n");
            await script[Symbol.asyncDispose]();
          },
        };
      },
    },
    check(rows) {
      const moves = sumOf("numa_migrations")(rows);
      const after = counts();
      // Each migration is started by a hint fault, moves one page or folio, and may fail.
      assert.ok(moves > 0 && after.pages > before.pages, JSON.stringify({ moves, before, after }));
      assert.ok(moves <= after.faults - before.faults, JSON.stringify({ moves, before, after }));
      assert.ok(sumOf("numa_migrations_ms")(rows) >= 0);
    },
  };
}

const requires = ["numa", "full"] as const;

export default defineCases({
  unseen: { machine: "it has one NUMA node" },
  usage: { names: "-h --help --json", wrong: [[["0"], /invalid value "0" for interval/]] },
  cases: [
    {
      name: "counts pages that follow a process to another node",
      requires,
      canary: true,
      args: ["1000"],
      of: () => true,
      ...balanced(),
    },
    {
      name: "-p and -t show what is moved for a process, and for a thread",
      requires,
      args: ["-p", "{pid}", "-t", "{pid}", "1000"],
      of: () => true,
      work: balanced().work,
      check: (rows) => assert.ok(sumOf("numa_migrations")(rows) > 0),
    },
    // Process 1 of a guest sleeps: nothing is moved for it.
    ...["-p", "-t"].map((option): Case => ({
      name: `${option} hides what is moved for others`,
      requires,
      args: [option, "1", "1000"],
      of: () => true,
      work: balanced().work,
      check: (rows) => assert.equal(sumOf("numa_migrations")(rows), 0),
    })),
    {
      name: "tells of no moves where memory is moved for other reasons",
      canary: true,
      ofNothing: true,
      // With -p: pages that were marked during balancing may move for other processes long after.
      args: ["-p", "{pid}", "1000"],
      work: { script: "echo 1 > /proc/sys/vm/compact_memory" },
      of: () => true,
      check(rows) {
        assert.ok(rows.length >= 1);
        assert.equal(sumOf("numa_migrations")(rows), 0);
      },
    },
    {
      name: "prints libbpf-tools' table",
      args: ["1000"],
      work: { script: "true" },
      lines: [
        /^TIME {10}NUMA_migrations NUMA_migrations_ms$/,
        /^\d\d:\d\d:\d\d {20}0 {18}0$/,
      ],
    },
  ],
  filters: {
    requires,
    work: balanced().work,
    args: ["1000"],
    of: () => true,
    total: sumOf("numa_migrations"),
    expect: { least: 1 },
    not: {
      pid: "pages of the test's own process are moved as well: cases have it",
      tid: "those of its thread too: cases have it",
    },
  },
});
