/** What is kept and sent of a tool's records: exact counts, some rows, and never more than there is room for. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { ServerResponse } from "../http/http_server.ts";
import type { Column } from "../output/columns.ts";
import { EventClients } from "./event_clients.ts";
import { Feed } from "./feed.ts";
import type { Hello, RowsMessage } from "./messages.ts";
import { RowSample } from "./row_sample.ts";
import { MAX_TEXT, shown } from "./shown.ts";
import { splitWords } from "./split_words.ts";

/** A browser that reads, or does not. */
class Browser extends EventEmitter {
  text = "";
  status = 0;
  readonly #reads: boolean;

  constructor(reads = true) {
    super();
    this.#reads = reads;
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
  writeHead(status: number): void {
    this.status = status;
  }
  setTimeout(): void {}
  write(text: string, taken: () => void): void {
    this.text += text;
    if (this.#reads) taken();
  }
  end(text = "", taken?: () => void): void {
    this.text += text;
    taken?.();
  }
  /** The messages of a kind. */
  messages<T>(name: string): T[] {
    return this.text.split("\n\n").filter((each) => each.startsWith(`event: ${name}\n`))
      .map((each) => JSON.parse(each.slice(each.indexOf("data: ") + 6)) as T);
  }
}

const HELLO: Hello = {
  tool: "some",
  summary: "",
  words: [],
  started: 0,
  columns: [{ key: "n", head: "N", isNumber: true }, {
    key: "name",
    head: "NAME",
    isNumber: false,
  }],
  isCumulative: false,
};
const COLUMNS: Column<number>[] = [
  { head: "N", value: (n) => n },
  { head: "NAME", value: () => "" },
];

test("rows are counted exactly, and kept while there are few", () => {
  const sample = new RowSample<number>(3, () => 0.99);
  for (let i = 1; i <= 3; i++) sample.add(() => i * 10);
  deepEqual(sample.take(), [[1, 10], [2, 20], [3, 30]]);
  let made = 0;
  for (let i = 0; i < 1000; i++) sample.add(() => ++made);
  equal(sample.take().length, 3);
  equal(sample.total, 1003);
  ok(made < 20, String(made));
  deepEqual(sample.take(), []);
});

test("each row is as likely to be kept as any other", () => {
  let state = 1;
  const random = () => (state = state * 48271 % 2147483647) / 2147483647;
  const sample = new RowSample<number>(10, random);
  const counts = new Map<number, number>();
  for (let round = 0; round < 500; round++) {
    for (let i = 0; i < 100; i++) sample.add(() => i);
    for (const [, i] of sample.take()) counts.set(i, (counts.get(i) ?? 0) + 1);
  }
  // 50 are expected, with a standard deviation of 7.
  for (const count of counts.values()) ok(count > 20 && count < 80, String(count));
  equal(counts.size, 100);
});

test("texts of others are escaped and cut", () => {
  deepEqual(shown({ a: "\x1b[1m\u202ex", b: [1n, 2n ** 63n, "\n"], c: null, "k\x07": true }), {
    a: "\\x1b[1m\\u{202e}x",
    b: [1, "9223372036854775808", "\\n"],
    c: null,
    "k\\x07": true,
  });
  equal((shown("x".repeat(100_000)) as string).length, MAX_TEXT + 1);
  equal((shown(Array(100_000).fill(1)) as unknown[]).length, 256);
});

test("a page that is opened later is told the totals and the latest rows", async () => {
  using feed = new Feed(HELLO, () => [{ kind: "dropped", what: "events", total: 7 }]);
  const take = feed.rows(COLUMNS);
  for (let i = 0; i < 10_007; i++) take(i, () => JSON.stringify({ n: i, name: "<b>\u202e" }));
  const browser = new Browser();
  feed.listen(browser.response);
  const [rows] = browser.messages<RowsMessage>("rows");
  equal(rows!.total, 10_007);
  equal(rows!.rows.length, 50);
  deepEqual(rows!.rows[0]![1][1], "<b>\\u{202e}");
  ok(rows!.rows.every(([number, [n]]) => number === n as number + 1));
  deepEqual(browser.messages("losses"), [
    { losses: [{ kind: "dropped", what: "events", total: 7 }] },
  ]);
  await feed.end();
  equal(browser.messages("end").length, 1);
});

test("a report is bounded, and its stacks share their names", async () => {
  using feed = new Feed({ ...HELLO, columns: undefined }, () => []);
  const browser = new Browser();
  feed.listen(browser.response);
  feed.begin();
  for (let i = 0; i < 6000; i++) {
    feed.record("stack", { comm: "x", user: ["a", "b"], kernel: null, samples: i });
  }
  feed.record("truncated", { what: "stacks", total: 3 });
  feed.flush();
  await feed.end();
  const [report] = browser.messages<
    { records: [string, Record<string, unknown>][]; names: string[]; left: number }
  >("report");
  deepEqual([report!.records.length, report!.left, report!.names], [5000, 1000, ["a", "b"]]);
  deepEqual(report!.records[0], ["stack", { comm: "x", user: [0, 1], kernel: null, samples: 0 }]);
  deepEqual(browser.messages("losses").at(-1), {
    losses: [{ kind: "truncated", what: "stacks", total: 3 }],
  });
});

test("who does not read is sent no more than there is room for, and others all", () => {
  using clients = new EventClients();
  const [slow, quick] = [new Browser(false), new Browser()];
  for (const each of [slow, quick]) clients.add(each.response, []);
  const text = "x".repeat(100_000);
  for (let i = 0; i < 100; i++) clients.send("rows", text);
  ok(slow.text.length < 2.5e6, String(slow.text.length));
  ok(quick.text.length > 1e7, String(quick.text.length));
  slow.emit("close");
  equal(clients.size, 1);
  for (let i = 0; i < 7; i++) {
    const each = new Browser();
    clients.add(each.response, []);
    equal(each.status, 200);
  }
  const many = new Browser();
  clients.add(many.response, []);
  deepEqual([many.status, clients.size], [503, 8]);
});

test("a line becomes words as in a shell, and nothing is expanded", () => {
  deepEqual(splitWords(`-x  -n "my app" 'a\\b"c' d\\ e"f"`), [
    "-x",
    "-n",
    "my app",
    'a\\b"c',
    "d ef",
  ]);
  deepEqual(splitWords("$(reboot) `id` * ; | > ~ $HOME"), [
    "$(reboot)",
    "`id`",
    "*",
    ";",
    "|",
    ">",
    "~",
    "$HOME",
  ]);
  deepEqual(splitWords(`"" ''`), ["", ""]);
  equal(splitWords(`"abc`), 'the quote " has no end');
  deepEqual(splitWords("   "), []);
});
