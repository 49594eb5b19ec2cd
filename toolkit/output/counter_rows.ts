/**
 * Reports of tools that print one row at intervals, from the per-CPU map `counters`.
 *
 * @module
 */

import { type Bpf, sum, u32, u64 } from "../../mod.ts";
import type { Column } from "./columns.ts";
import { CounterDeltas } from "./counter_deltas.ts";
import type { Report } from "./report.ts";

/**
 * Makes the function that prints what was counted since its last call, with one heading for all rows.
 *
 * @param rowOf makes the row of what each counter grew by
 */
export function counterRows<Row>(
  columns: (report: Report) => readonly Column<Row>[],
  rowOf: (clock: string, counts: readonly number[]) => Row,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  let heading = true;
  return (bpf, report) => {
    const counts = [...bpf.perCpuMap("counters", u32, u64.asNumber)]
      .map(([counter, perCpu]) => deltas.since(String(counter), sum(perCpu)));
    report.table(columns(report), [rowOf(report.clock, counts)], { heading });
    heading = false;
  };
}

/** A column in the table by second, in JSON the count of the whole interval. */
export const rateColumn = <Row>(
  name: string,
  seconds: number,
  count: (row: Row) => number,
): Column<Row> => ({
  head: `${name.toUpperCase()}/s`,
  key: name.toLowerCase(),
  width: 8,
  align: "right",
  value: count,
  text: (row) => String(Math.floor(count(row) / seconds)),
});

/** The first column of such a table; JSON has the time in any case. */
export const clockColumns = <Row extends { readonly clock: string }>(
  { json }: Report,
): Column<Row>[] => json ? [] : [{ head: "TIME", width: 10, value: ({ clock }) => `${clock}:` }];
