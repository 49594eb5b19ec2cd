import { onlineCpus } from "../../mod.ts";
import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";
import { counted, HARD, hardInterrupts } from "../../tests/support/interrupts.ts";

// Reading the project's files past the page cache makes their disk interrupt.
const reads =
  "for f in tools/b*/*.ts; do dd if=$f of=/dev/null iflag=direct bs=64k; done 2>/dev/null";
const seen = /virtio|nvme|ahci|ata/;
const work = { script: reads };
/** The CPU that has handled the most disk interrupts. */
const busiest = (): number => {
  const count = (cpu: number) =>
    [...hardInterrupts(cpu)].reduce((sum, [name, n]) => seen.test(name) ? sum + n : sum, 0);
  return onlineCpus().reduce((best, cpu) => count(cpu) > count(best) ? cpu : best);
};
const cpu = busiest();
const totals = (rows: readonly Row[]) =>
  new Map(rows.map(({ hardirq, total_count }) => [String(hardirq), Number(total_count)]));
const isRow = (): boolean => true;

export default defineCases({
  usage: {
    names: "-T --timestamp -N --nanoseconds -C --count -d --dist -c --cpu -h --json",
    wrong: [[["-C", "-d"], /use either -C\/--count or options for times/]],
  },
  cases: [
    {
      name: "-C counts what the kernel counts in /proc/interrupts",
      args: ["-C"],
      canary: true,
      of: isRow,
      ...counted(
        hardInterrupts,
        reads,
        seen,
        totals,
      ),
    },
    {
      name: "-d counts as many in histograms",
      args: ["-d"],
      of: isRow,
      ...counted(
        hardInterrupts,
        reads,
        seen,
        (rows) => new Map(rows.map((row) => [String(row.hardirq), histogramTotal([row])])),
      ),
    },
    {
      name: "-c counts those of one CPU",
      args: ["-C", "-c", String(cpu)],
      of: isRow,
      ...counted(
        () => hardInterrupts(cpu),
        `taskset -p -c ${cpu} $$ >/dev/null; ${reads}`,
        seen,
        totals,
        `CPU==${cpu}`,
        HARD,
      ),
    },
    { name: "-c hides other CPUs", args: ["-c", "8191"], work, of: isRow, rows: [] },
    {
      name: "-N sums nanoseconds",
      args: ["-N"],
      work,
      lines: [/^HARDIRQ {20}TOTAL_nsecs$/, /^\S.{25} +\d{3,}$/],
    },
    {
      name: "prints bcc's table",
      args: ["-T"],
      work,
      lines: [
        /^Tracing hard irq event time\.\.\. Hit Ctrl-C to end\.$/,
        /^HARDIRQ {20}TOTAL_usecs$/,
        /^\S.{25} +\d+$/,
      ],
    },
  ],
});
