/**
 * Where records go besides standard output.
 *
 * @module
 */

import type { Column } from "./columns.ts";

/** A record's members by name. */
export type RecordMembers = Readonly<Record<string, unknown>>;

/** Takes one row. @param json makes the line that `--json` prints of it; all destinations get the same */
export type RowTaker<R> = (row: R, json: () => string) => void;

/** Takes the records of a tool: a file, a server, whatever is not standard output. */
export interface Destination {
  /**
   * Seconds between the reports that it wants of a tool that otherwise makes one, at its end. Such
   * reports are cumulative since the start, and given only to destinations that want them.
   */
  readonly snapshotSeconds?: number | undefined;
  /** A report begins. */
  begin?(): void;
  /**
   * A table begins: returns the function that takes its rows. Tools that print events have one
   * table.
   */
  rows<R>(columns: readonly Column<R>[]): RowTaker<R>;
  /** A record that is no row. @param kind what it says under `record` @param json makes its line, as for rows */
  record(kind: string, members: RecordMembers, json: () => string): void;
  /** Called often: between batches of events, and behind each report. */
  flush?(): void | Promise<void>;
  /** All records were taken. It must not take long: somebody has pressed Ctrl-C. */
  end?(): void | Promise<void>;
}

/** Several destinations as one. */
export class Destinations implements Destination {
  readonly #list: readonly Destination[];

  /** @param list all of them */
  constructor(list: readonly Destination[]) {
    this.#list = list;
  }

  /** The shortest interval that any of them wants. */
  get snapshotSeconds(): number | undefined {
    const all = this.#list.flatMap(({ snapshotSeconds = [] }) => snapshotSeconds);
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  /** The destinations that want reports before the end of a tool that makes none until then. */
  get snapshots(): Destinations {
    return new Destinations(this.#list.filter((each) => each.snapshotSeconds !== undefined));
  }

  /** Tells each that a report begins. */
  begin(): void {
    for (const each of this.#list) each.begin?.();
  }

  /** Tells each that a table begins. */
  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    const takers = this.#list.map((each) => each.rows(columns));
    if (takers.length === 1) return takers[0]!;
    return (row, json) => {
      for (const take of takers) take(row, json);
    };
  }

  /** Gives each a record. */
  record(kind: string, members: RecordMembers, json: () => string): void {
    for (const each of this.#list) each.record(kind, members, json);
  }

  /** Lets each write what it has gathered. */
  async flush(): Promise<void> {
    for (const each of this.#list) await each.flush?.();
  }

  /** Tells each that there are no more records. */
  async end(): Promise<void> {
    await Promise.all(this.#list.map((each) => each.end?.()));
  }
}

/**
 * Makes a function that calls `make` at its first call only, and returns that result at every call.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
