import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";
import { counted, notCounted, softInterrupts } from "../../tests/support/interrupts.ts";

const script = "for i in {1..53}; do echo >/dev/udp/127.0.0.1/9; done 2>/dev/null; sleep 0.1";
const onFirst = `taskset -p -c 0 $$ >/dev/null; ${script}`;
const work = { script };
const isRow = (): boolean => true;

/** How often each softirq ran. */
function runs(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { stage, softirq } of rows) {
    if (stage !== "softirq runtime") continue;
    counts.set(String(softirq), (counts.get(String(softirq)) ?? 0) + 1);
  }
  return counts;
}

const everything = counted(softInterrupts, script, /^(net_rx|timer|sched|rcu)$/, runs);

export default defineCases({
  usage: { names: "-c --cpu -h --json" },
  cases: [
    {
      name: "shows from 0 us on what the kernel counts in /proc/softirqs",
      args: ["0"],
      canary: true,
      of: isRow,
      work: everything.work,
      check(rows, context) {
        everything.check(rows, context);
        const received = rows.filter(({ softirq }) => softirq === "net_rx");
        const waits = received.filter(({ stage }) => stage === "irq(hard) to softirq");
        assert.ok(waits.length > 0 && waits.length <= received.length - waits.length);
      },
    },
    { name: "shows none below its minimum", args: ["999999999"], work, of: isRow, rows: [] },
    {
      name: "-c shows those of one CPU",
      args: ["-c", "0", "0"],
      of: isRow,
      ...counted(
        () => softInterrupts(0),
        onFirst,
        /^net_rx$/,
        runs,
        "CPU==0",
      ),
    },
    {
      name: "-c hides the CPU that does the work",
      args: ["-c", "1", "0"],
      of: isRow,
      ...notCounted(onFirst, "net_rx", runs),
    },
    { name: "-c hides other CPUs", args: ["-c", "8191", "0"], work, of: isRow, rows: [] },
    {
      name: "prints bcc's lines",
      args: ["0"],
      work,
      lines: [
        /^Tracing softirq latency higher than 0 us\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d irq\(hard\) to softirq: \w+ took \d+ us \(\d+ ms\), on CPU:\d+, comm:.+$/,
        /^\d\d:\d\d:\d\d softirq runtime: net_rx took \d+ us \(0 ms\), on CPU:\d+, comm:.+$/,
      ],
    },
  ],
});
