import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";
import { counted, notCounted, softInterrupts } from "../../tests/support/interrupts.ts";

// Each packet on the loopback interface is received in a softirq, and sleeps need timers.
const script = "for i in {1..53}; do echo >/dev/udp/127.0.0.1/9; done 2>/dev/null; sleep 0.1";
const seen = /^(net_rx|timer|sched|rcu)$/;
const work = { script };
const onFirst = `taskset -p -c 0 $$ >/dev/null; ${script}`;
const totals = (rows: readonly Row[]) =>
  new Map(rows.map(({ softirq, total_count }) => [String(softirq), Number(total_count)]));
const isRow = (): boolean => true;

export default defineCases({
  usage: {
    names: "-T --timestamp -N --nanoseconds -C --events -d --dist -c --cpu -h --json",
    wrong: [[["-C", "-N"], /use either -C\/--events or options for times/]],
  },
  cases: [
    {
      name: "-C counts what the kernel counts in /proc/softirqs",
      args: ["-C"],
      canary: true,
      of: isRow,
      ...counted(
        softInterrupts,
        script,
        seen,
        totals,
      ),
    },
    {
      name: "-d counts as many in histograms",
      args: ["-d"],
      of: isRow,
      ...counted(
        softInterrupts,
        script,
        seen,
        (rows) => new Map(rows.map((row) => [String(row.softirq), histogramTotal([row])])),
      ),
    },
    {
      name: "-c counts those of one CPU",
      args: ["-C", "-c", "0"],
      of: isRow,
      ...counted(
        () => softInterrupts(0),
        onFirst,
        /^net_rx$/,
        totals,
        "CPU==0",
      ),
    },
    {
      name: "-c hides the CPU that does the work",
      args: ["-C", "-c", "1"],
      of: isRow,
      ...notCounted(onFirst, "net_rx", totals),
    },
    { name: "-c hides other CPUs", args: ["-c", "8191"], work, of: isRow, rows: [] },
    {
      name: "prints bcc's table",
      args: ["-T", "-N"],
      work,
      lines: [
        /^Tracing soft irq event time\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^SOFTIRQ {10}TOTAL_nsecs$/,
        /^net_rx +\d+$/,
      ],
    },
  ],
});
