/**
 * `--web`: shows a tool's records on a live page.
 *
 * @module
 */

import { UsageError, type Values } from "../options/options.ts";
import type { Address } from "../options/address_option.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { remark } from "../output/complain.ts";
import { keyOf } from "../output/columns.ts";
import type { Destination, RecordMembers, RowTaker } from "../output/destination.ts";
import type { Column } from "../output/columns.ts";
import { kindOf, type Member, type RecordShape } from "../records/record_shape.ts";
import { Feed } from "../web/feed.ts";
import type { Hello, PageColumn } from "../web/messages.ts";
import { answerTool, PageServer } from "../web/page_server.ts";
import { columnsOf, recordsOf } from "./plan_records.ts";
import { isPeriodic, type Lost } from "./serve_metrics.ts";
import type { AnyTool, EventPlan, Plan } from "./tool.ts";
import type { Who } from "../task/who.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container" | "pod">>;

/** Seconds between snapshots of tools that report at their end only. */
const SNAPSHOT_SECONDS = 2;

/**
 * The destination that shows the records of a plan.
 * @throws {UsageError} where the plan does not declare them
 */
export function pageOf(tool: AnyTool, plan: Plan<never>, values: Standard): ServedPage {
  if ("text" in plan) {
    throw new UsageError(`${tool.name} prints a text and ends: no page can show it`);
  }
  return new ServedPage({
    tool: tool.name,
    summary: tool.summary,
    words: wordsOf(tool),
    started: Date.now(),
    columns: pageColumns(tool, plan, values),
    isCumulative: !isPeriodic(plan),
  }, values.web!);
}

/** The words of the command line after the tool's name, without the page's address. */
function wordsOf({ name, options }: AnyTool): string[] {
  const [, , ...typed] = process.argv;
  const words = typed[0] === name ? typed.slice(1) : typed;
  return words.filter((word, i) =>
    !/^--web(=|$)/.test(word) &&
    !(words[i - 1] === "--web" && options.web?.takesNext?.(word))
  );
}

function pageColumns(
  tool: AnyTool,
  plan: Plan<never>,
  values: Standard,
): PageColumn[] | undefined {
  if (!("event" in plan)) return undefined;
  const [row] = recordsOf(tool, plan, values);
  return columnsOf(plan as unknown as EventPlan<{ readonly who: Who }>, values).map((column) => {
    const key = keyOf(column);
    return { key, head: column.head, isNumber: isNumber(row!.members[key]) };
  });
}

/** Whether members hold numbers that can be compared. */
function isNumber(member: Member | undefined): boolean {
  const kind = typeof member === "string" ? kindOf(member)[0] : "any";
  return kind === "number" || kind === "count" || kind === "id";
}

/** The columns of recorded events. */
export function recordedColumns({ members }: RecordShape): PageColumn[] {
  return Object.entries(members).map(([name, member]) => {
    const key = name.replace(/\?$/, "");
    return { key, head: key.toUpperCase(), isNumber: isNumber(member) };
  });
}

/** The page with its server. */
export class ServedPage implements Destination, Disposable {
  /** See {@linkcode Destination.snapshotSeconds}. */
  readonly snapshotSeconds: number | undefined;
  readonly #name: string;
  readonly #address: Address;
  readonly #feed: Feed;
  readonly #opened = Promise.withResolvers<void>();
  readonly #isReplay: boolean;
  #lost: Lost | undefined;
  #server: PageServer | undefined;

  /**
   * @param hello what is shown @param address where it is served
   * @param replayed gives the time of the record at hand, for a replay, which unlike a tool waits
   * for slow pages
   */
  constructor(hello: Hello, address: Address, replayed?: () => number) {
    this.#isReplay = replayed !== undefined;
    this.#name = hello.tool;
    this.#address = address;
    this.snapshotSeconds = hello.isCumulative ? SNAPSHOT_SECONDS : undefined;
    const losses = () =>
      this.#lost?.totals().map(([{ kind, what, reason }, total]) => ({
        kind,
        what,
        reason,
        total,
      }));
    this.#feed = new Feed(hello, () => losses() ?? [], replayed);
  }

  /** Resolves when the page is opened. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /**
   * Starts the server and prints its address.
   * @throws {Error} when the address cannot be listened on
   */
  async start(lost: Lost): Promise<void> {
    this.#lost = lost;
    const answer = answerTool((_, response) => {
      this.#feed.listen(response);
      this.#opened.resolve();
    });
    this.#server = await PageServer.start(this.#address, answer);
    remark(`${this.#name}: the page is at ${this.#server.url}`);
  }

  /** A report begins. */
  begin(): void {
    this.#feed.begin();
  }

  /** Takes rows. */
  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    return this.#feed.rows(columns);
  }

  /** Takes a record. */
  record(kind: string, members: RecordMembers): void {
    this.#feed.record(kind, members);
  }

  /** The present report may be complete. */
  flush(): void | Promise<void> {
    // A block of a recording may end within a report.
    if (this.#isReplay) return this.#feed.room();
    this.#feed.flush();
  }

  /** A replay pauses: its latest report is complete. */
  tellReport(): void {
    this.#feed.flush();
  }

  /** There are no more records. */
  async end(): Promise<void> {
    await this.#feed.end();
  }

  [Symbol.dispose](): void {
    this.#feed[Symbol.dispose]();
    this.#server?.[Symbol.dispose]();
  }
}
