import { readFileSync } from "node:fs";
import { defineCases, sumOf } from "../../tests/support/cases.ts";
import { counted } from "../../tests/support/interrupts.ts";

const script = "for i in {1..41}; do (:); done";
const work = { script };
const isRow = (): boolean => true;

/** The number of processes and threads that were created since boot (/proc/stat). */
const processes = (): Map<string, number> =>
  new Map([[
    "processes",
    Number(/^processes (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))![1]),
  ]]);

export default defineCases({
  cases: [
    {
      name: "counts what the kernel counts in /proc/stat",
      args: ["1000"],
      canary: true,
      of: isRow,
      ...counted(
        processes,
        script,
        /^processes$/,
        (rows) => new Map([["processes", sumOf("count")(rows)]]),
      ),
    },
    { name: "prints bcc's lines", work, lines: [/^\d\d:\d\d:\d\d: PIDs\/sec: \d+$/] },
  ],
  filters: { work, args: ["1000"], of: isRow, total: sumOf("count"), expect: { least: 41 } },
});
