import assert from "node:assert/strict";
import { defineCases } from "../../tests/support/cases.ts";
import { countedInVmstat } from "../../tests/support/vmstat.ts";

// Files fill the page cache; then the kernel is told to keep more memory free than there is, so that who
// takes some must free some first; again where its own thread was faster and had freed it. That would hurt the
// machine: it is done in guests only.
const script = `stalls() { awk '/^allocstall_/ { n += $2 } END { print n }' /proc/vmstat; }
  old=$(cat /proc/sys/vm/min_free_kbytes); before=$(stalls); tries=0
  while [ $(stalls) = $before ] && [ $((tries += 1)) -lt 10 ]; do
    cat .tools/bin/* >/dev/null; free=$(awk '/^MemFree/ { print $2 }' /proc/meminfo)
    echo $((free + 40000)) >/proc/sys/vm/min_free_kbytes
    head -c 30000000 /dev/zero | tail -c 30000000 >/dev/null; echo $old >/proc/sys/vm/min_free_kbytes
  done`;

/** How often threads have had to free memory: no less than those of the script, with those of the machine. */
const everything = countedInVmstat(/^allocstall_/, script, (rows) => rows.length, {
  name: "vmscan/mm_vmscan_direct_reclaim_end",
  line: /^ *(bash|head|tail|awk|mawk|cat)-\d+ /,
});

export default defineCases({
  cases: [
    {
      name: "shows each time that a thread must free memory, as the kernel's tracer counts them",
      canary: true,
      requires: ["modules", "full"],
      of: () => true,
      work: everything.work,
      check(rows, place) {
        everything.check(rows, place);
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
      name: "shows nothing where nothing is short",
      canary: true,
      work: { script: "true" },
      rows: [],
    },
  ],
  filters: { work: { script: "true" }, expect: 0 },
});
