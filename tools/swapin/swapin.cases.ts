import { execFileSync } from "node:child_process";
import { defineCases, type Job, type Row, sumOf, type Work } from "../../tests/support/cases.ts";
import { Disk } from "../../tests/support/disk.ts";
import { inMemoryCgroup } from "../../tests/support/memory_cgroup.ts";
import { countedInVmstat } from "../../tests/support/vmstat.ts";

/** Takes more memory than it may, and then reads all of it again. */
const greedy = `/usr/bin/python3 -c "
pages = [bytearray([i % 251] * 4096) for i in range(12000)]
print(sum(page[7] for page in pages))"; :`;

/** Work on a machine with swap on a disk of its own. */
function withSwap(work: Work & { start(dir: string): Promise<Job> }): Work {
  return {
    async start(dir): Promise<Job> {
      const disk = new Disk();
      execFileSync("mkswap", [disk.path]);
      execFileSync("swapon", [disk.path]);
      const job = await work.start(dir);
      return {
        pid: job.pid,
        go: () => job.go(),
        async [Symbol.asyncDispose]() {
          await job[Symbol.asyncDispose]();
          execFileSync("swapoff", [disk.path]);
          disk[Symbol.dispose]();
        },
      };
    },
  };
}

const work = withSwap(inMemoryCgroup(32 * 1024 * 1024, greedy) as never);
const everything = countedInVmstat(/^pswpin$/, work, sumOf("count"));
const isRow = (row: Row): boolean => "count" in row;

export default defineCases({
  cases: [
    {
      name: "counts the pages that the kernel counts in /proc/vmstat",
      args: ["1000"],
      canary: true,
      requires: ["kprobe", "full"],
      of: isRow,
      ...everything,
    },
    {
      name: "prints bcc's heading where nothing is read",
      args: ["1000"],
      canary: true,
      requires: ["kprobe"],
      work: { script: "true" },
      lines: [/^Counting swap ins\. Ctrl-C to end\.$/, /^COMM {13}PID {4}COUNT$/],
    },
    {
      name: "names who needed them",
      args: ["1000"],
      canary: true,
      requires: ["kprobe", "full"],
      work,
      lines: [
        /^Counting swap ins\. Ctrl-C to end\.$/,
        /^COMM {13}PID {4}COUNT$/,
        /^python3\S* +\d+ +\d+$/,
      ],
    },
  ],
  unfiltered: "the case that makes the kernel swap takes minutes: ./test.sh --full",
});
