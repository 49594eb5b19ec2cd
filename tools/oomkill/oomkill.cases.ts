import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { defineCases, type Row, times } from "../../tests/support/cases.ts";
import { inMemoryCgroup } from "../../tests/support/memory_cgroup.ts";

const LIMIT = 48 * 1024 * 1024;
const eater =
  "cp $(command -v tail) {dir}/oom-eater; for i in 1 2 3; do {dir}/oom-eater /dev/zero; done; :";
const work = inMemoryCgroup(LIMIT, eater);
const [major = 0, minor = 0] = release().split(".").map(Number);
/** Whether the tracepoint has the victim's sizes: since Linux 6.10, in some kernels before. */
const hasSizes = major > 6 || major === 6 && minor >= 10;
const isEater = ({ victim_comm }: Row) => victim_comm === "oom-eater";

export default defineCases({
  cases: [
    {
      name: "shows three kills in a memory cgroup, with the victims' sizes",
      canary: true,
      work,
      of: isEater,
      check(rows) {
        const told = rows.map(({ comm, victim_comm }) => ({ comm, victim_comm }));
        assert.deepEqual(told, times(3, { comm: "oom-eater", victim_comm: "oom-eater" }));
        const adjusted = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
        for (const row of rows) {
          const { pid, victim_pid, pages, total_vm, anon_rss } = row;
          assert.equal(pid, victim_pid); // the cgroup has no other process
          assert.ok(pages === null || pages === LIMIT / 4096, `${pages} pages`);
          if (total_vm === null) {
            assert.ok(!hasSizes);
            continue;
          }
          assert.deepEqual([row.victim_uid, row.oom_score_adj], [0, adjusted]);
          assert.ok(Number(anon_rss) > 0 && Number(anon_rss) <= LIMIT / 1024, `${anon_rss} KiB`);
          assert.ok(Number(total_vm) >= Number(anon_rss));
        }
      },
    },
    {
      name: "tells how many pages there are",
      canary: true,
      requires: ["kprobe"],
      work,
      of: isEater,
      rows: times(3, { pages: LIMIT / 4096 }),
    },
    {
      name: "prints bcc's lines",
      work,
      lines: [
        /^Tracing OOM kills\.\.\. Ctrl-C to stop\.$/,
        /^\d\d:\d\d:\d\d Triggered by PID \d+ \("oom-eater"\), OOM kill of PID \d+ \("oom-eater"\), (\d+|-) pages, loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/,
      ],
    },
  ],
  filters: { work, of: isEater, expect: 3 },
});
