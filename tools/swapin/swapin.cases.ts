import { execFileSync } from "node:child_process";
import { defineCases, type Job, sumOf, type Work } from "../../tests/support/cases.ts";
import { Script } from "../../tests/support/script.ts";

const PAGES = 97;
const DEVICE = "/dev/ram0";

/**
 * A process that has the kernel swap out its pages and then reads them. Swap is on a RAM disk,
 * where writes complete at once and nothing is read ahead. The process stays on one CPU: pages on
 * another CPU's per-CPU lists would stay in memory.
 */
const swapping: Work = {
  async start(): Promise<Job> {
    const stack = new AsyncDisposableStack();
    try {
      execFileSync("modprobe", ["brd", "rd_nr=1", "rd_size=16384"]);
      stack.defer(() => void execFileSync("rmmod", ["brd"]));
      execFileSync("mkswap", [DEVICE]);
      execFileSync("swapon", [DEVICE]);
      stack.defer(() => void execFileSync("swapoff", [DEVICE]));
      const script = stack.use(
        await Script.of([
          ...["taskset", "-c", "0", "/usr/bin/python3", "-c"],
          `import mmap, os
MADV_PAGEOUT = 21
print("pid", os.getpid(), flush=True); input()
area = mmap.mmap(-1, 4096 * ${PAGES}, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area.madvise(mmap.MADV_NOHUGEPAGE)
places = range(0, len(area), 4096)
for place in places: area[place] = 1 + place // 4096
area.madvise(MADV_PAGEOUT)
assert [area[place] for place in places] == [1 + place // 4096 for place in places]`,
        ]),
      );
      return {
        pid: script.pid,
        go: () => script.go(),
        [Symbol.asyncDispose]: () => stack.disposeAsync(),
      };
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  },
};
const requires = ["kprobe", "modules", "full"] as const;

export default defineCases({
  cases: [
    {
      name: `counts ${PAGES} pages that a process had to read`,
      args: ["1000"],
      canary: true,
      requires,
      work: swapping,
      rows: [{ comm: "python3", count: PAGES }],
    },
    {
      name: "shows nothing of a process that reads none",
      args: ["1000"],
      canary: true,
      requires: ["kprobe"],
      work: { script: "true" },
      rows: [],
    },
    {
      name: "prints bcc's heading where nothing is read",
      args: ["1000"],
      requires,
      work: { script: "true" },
      lines: [/^Counting swap ins\. Ctrl-C to end\.$/, /^COMM {13}PID {4}COUNT$/],
    },
    {
      name: "-T prints no time",
      args: ["-T", "1000"],
      requires,
      work: { script: "true" },
      lines: [/^Counting swap ins\. Ctrl-C to end\.\nCOMM {13}PID {4}COUNT$/],
    },
    {
      name: "names who needed them",
      args: ["1000"],
      requires,
      work: swapping,
      lines: [
        /^Counting swap ins\. Ctrl-C to end\.$/,
        /^COMM {13}PID {4}COUNT$/,
        new RegExp(`^python3 +{pid} +${PAGES}$`),
      ],
    },
  ],
  filters: {
    requires,
    work: swapping,
    args: ["1000"],
    total: sumOf("count"),
    expect: PAGES,
  },
});
