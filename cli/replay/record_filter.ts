/**
 * `--filter`: selects records of a recording, with the filter syntax of the live page.
 *
 * @module
 */

import { UsageError } from "../../toolkit/options/options.ts";
import type { RecordMembers } from "../../toolkit/output/destination.ts";
import { LOSSES, type RecordShape } from "../../toolkit/records/record_shape.ts";
import { keysIn, parseFilter, type Wanted } from "../../toolkit/records/row_filter.ts";

const keysOf = ({ members }: RecordShape) =>
  Object.keys(members).map((name) => name.replace(/\?$/, ""));
const isLoss = (kind: string | undefined) => LOSSES.some((loss) => loss.kind === kind);

/** Selects records; records of losses (dropped, missed, truncated) are always selected. */
export class RecordFilter {
  readonly #text: string;
  readonly #byKind = new Map<string | undefined, { keys: readonly string[]; wanted: Wanted }>();

  /**
   * @param text the filter
   * @param shapes the members of each kind of record
   * @throws {UsageError} for a key that no record has, or an invalid pattern
   */
  constructor(text: string, tool: string, shapes: readonly RecordShape[]) {
    this.#text = text;
    const known = [...new Set(shapes.filter(({ kind }) => !isLoss(kind)).flatMap(keysOf))];
    const unknown = keysIn(text).find((key) =>
      !known.some((each) => each.toLowerCase() === key.toLowerCase())
    );
    if (unknown !== undefined) {
      throw new UsageError(
        `no record of ${tool} has a key ${JSON.stringify(unknown)}: there are ${
          known.join(", ")
        }; ` +
          "/pattern/ searches everywhere",
      );
    }
    this.#of(undefined, known);
  }

  /** Whether a record is selected. @param kind undefined for a row */
  wants(kind: string | undefined, members: RecordMembers): boolean {
    if (isLoss(kind)) return true;
    const { keys, wanted } = this.#byKind.get(kind) ?? this.#of(kind, Object.keys(members));
    return wanted(keys.map((key) => members[key]));
  }

  #of(kind: string | undefined, keys: readonly string[]) {
    try {
      const made = { keys, wanted: parseFilter(this.#text, keys) };
      this.#byKind.set(kind, made);
      return made;
    } catch (error) {
      throw new UsageError(`the filter is none: ${(error as Error).message}`);
    }
  }
}
