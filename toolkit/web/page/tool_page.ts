/**
 * The page of one tool.
 *
 * @module
 */

import type { Hello, LossesMessage, PageColumn, ReportMessage, RowsMessage } from "../messages.ts";
import { byId, clockText, element, shortText, soon, wholeText } from "./dom.ts";
import { FlameView } from "./flame_view.ts";
import { HeatMaps } from "./heat.ts";
import { HeatView } from "./heat_view.ts";
import { Rates } from "./rates.ts";
import { type Connection, isTyping, listen, switchThemes } from "./shell.ts";
import { framesOf, StackTree, unitOf } from "./stack_tree.ts";
import { type TableRow, TableView } from "./table_view.ts";

/** So many rows are kept. */
const MAX_ROWS = 5000;

type ViewName = "table" | "heat" | "stacks" | "more";
type Members = Readonly<Record<string, unknown>>;

/** Shows what one tool sees. */
export class ToolPage {
  #hello: Hello | undefined;
  readonly #table: TableView;
  readonly #more = element("div", { class: "more" });
  readonly #maps = new HeatMaps();
  readonly #heat = new HeatView(this.#maps);
  readonly #tree = new StackTree();
  #flames: FlameView | undefined;
  readonly #rates = new Rates();
  /** Newest first. */
  #rows: TableRow[] = [];
  #newer = 0;
  #total = 0;
  #report: ReportMessage | undefined;
  #held: ReportMessage[] = [];
  #heldTotal = 0;
  #isPaused = false;
  #view: ViewName | undefined;
  #connection: Connection = "connecting";
  #count = "";
  readonly #filter = byId("filter") as HTMLInputElement;
  readonly #pause = byId("pause");
  readonly #drawRows = soon(() => this.#showRows(), 200);
  readonly #drawHead = soon(() => this.#showHead(), 100);

  constructor() {
    this.#table = new TableView("Rows", (key, value) => this.#filterBy(key, value), (shown, of) => {
      this.#count = shown === of
        ? ""
        : `${wholeText(shown)} of ${wholeText(of)} rows pass the filter`;
      this.#drawHead();
    });
    byId("views").append(this.#table.node, this.#heat.node, this.#more);
    this.#filter.addEventListener("input", () => this.#setFilter());
    this.#pause.addEventListener("click", () => this.#togglePause());
    byId("newer").addEventListener("click", () => {
      this.#table.toTop();
      this.#drawRows();
    });
    document.addEventListener("keydown", (event) => this.#onKey(event));
    switchThemes(() => this.#heat.update());
    listen("events", {
      hello: (hello: Hello) => this.#begin(hello),
      rows: (message: RowsMessage) => this.#addRows(message),
      report: (message: ReportMessage) => this.#takeReport(message),
      losses: (message: LossesMessage) => this.#showLosses(message),
    }, (connection) => {
      this.#connection = connection;
      this.#drawHead();
    });
    setInterval(this.#drawHead, 1000);
    this.#drawHead();
  }

  /** Also when the server is found again: all is told anew. */
  #begin(hello: Hello): void {
    if (this.#hello && this.#hello.started !== hello.started) return location.reload();
    const isFirst = !this.#hello;
    this.#hello = hello;
    this.#rows = [];
    document.title = `${hello.tool} · ts-bcc`;
    byId("tool").textContent = hello.tool;
    byId("words").textContent = hello.words.join(" ");
    byId("summary").textContent = hello.summary;
    if (!isFirst) return;
    this.#flames = new FlameView(this.#tree, hello.isCumulative);
    byId("views").append(this.#flames.node);
    if (!hello.columns) return;
    this.#table.columns = hello.columns;
    this.#table.empty = "Nothing yet: a row comes with the first event.";
    this.#offer("table");
  }

  #addRows({ time, total, rows }: RowsMessage): void {
    this.#rates.add(time, total);
    this.#total = total;
    this.#drawHead();
    if (this.#isPaused) return;
    this.#rows = [...rows.toReversed(), ...this.#rows].slice(0, MAX_ROWS);
    this.#newer += rows.length;
    this.#drawRows();
  }

  #showRows(): void {
    const isHeld = this.#table.isScrolled && !this.#isPaused;
    const button = byId("newer");
    button.hidden = !isHeld || this.#newer === 0;
    button.textContent = `↑ ${wholeText(this.#newer)} newer rows`;
    if (isHeld) return;
    this.#newer = 0;
    this.#table.rows = this.#rows;
  }

  #takeReport(message: ReportMessage): void {
    if (!this.#isPaused) return this.#addReport(message);
    // What is added up must not be missed; what was too much is told.
    this.#held.push(message);
    if (this.#held.length > 600) this.#held.shift();
  }

  #addReport(message: ReportMessage): void {
    this.#report = message;
    const isCumulative = this.#hello?.isCumulative === true;
    const ofKind = (test: (kind: string | null, members: Members) => boolean) =>
      message.records.filter(([kind, members]) => test(kind, members)).map(([, members]) =>
        members
      );
    const isStack = (kind: string | null, members: Members) =>
      kind !== null && kind !== "histogram" && unitOf(members) !== undefined &&
      framesOf(members, message.names) !== undefined;
    const histograms = ofKind((kind) => kind === "histogram");
    if (histograms.length > 0 || this.#maps.maps.size > 0) {
      this.#maps.add(message.time, histograms, isCumulative);
      this.#offer("heat");
      this.#heat.update();
    }
    this.#addStacks(ofKind(isStack), message.names, isCumulative);
    const rows = ofKind((kind) => kind === null);
    if (rows.length > 0 || !this.#hello?.columns && this.#view === "table") this.#showReport(rows);
    const others = message.records.filter(([kind, members]) =>
      kind !== null && kind !== "histogram" && !isStack(kind, members)
    );
    this.#showOthers(others);
    this.#drawHead();
  }

  #addStacks(stacks: readonly Members[], names: readonly string[], isCumulative: boolean): void {
    if (stacks.length === 0 && this.#tree.root.total === 0) return;
    this.#tree.begin(isCumulative);
    for (const stack of stacks) {
      const unit = unitOf(stack)!;
      this.#flames!.unit = unit;
      this.#tree.add(framesOf(stack, names)!, stack[unit] as number);
    }
    this.#offer("stacks");
    this.#flames!.update();
  }

  /** Rows of a report take the place of those before. */
  #showReport(rows: readonly Members[]): void {
    if (rows.length > 0) this.#table.columns = columnsOf(rows);
    this.#table.empty = "The latest report has no rows.";
    const keys = Object.keys(rows[0] ?? {}).filter((key) => key !== "time");
    const names = this.#report?.names ?? [];
    this.#table.rows = rows.map((members, i) =>
      [i, keys.map((key) => readable(key, members[key], names))] as const
    );
    this.#offer("table");
  }

  #showOthers(records: ReportMessage["records"]): void {
    if (records.length === 0) return this.#more.replaceChildren();
    const byKind = Map.groupBy(records, ([kind]) => kind!);
    const names = this.#report?.names ?? [];
    this.#more.replaceChildren(...[...byKind].map(([kind, list]) => {
      const columns = columnsOf(list.map(([, members]) => members));
      const head = columns.map(({ head, isNumber }) =>
        element("th", { scope: "col", class: isNumber ? "number" : "" }, head)
      );
      const lines = list.slice(0, 200).map(([, members]) =>
        element(
          "tr",
          {},
          ...columns.map(({ key, isNumber }) =>
            element(
              "td",
              { class: isNumber ? "number" : "" },
              cellText(readable(key, members[key], names)),
            )
          ),
        )
      );
      return element(
        "table",
        {},
        element("caption", {}, kind),
        element("thead", {}, element("tr", {}, ...head)),
        element("tbody", {}, ...lines),
      );
    }));
    this.#offer("more");
  }

  /** Adds a view's tab once there is something for it, and shows the first. */
  #offer(view: ViewName): void {
    const tab = byId(`tab-${view}`);
    if (!tab.hidden) return;
    tab.hidden = false;
    tab.addEventListener("click", () => this.#show(view));
    const best: readonly ViewName[] = ["stacks", "heat", "table", "more"];
    const isBetter = this.#view === undefined ||
      !this.#hello?.columns && best.indexOf(view) < best.indexOf(this.#view);
    if (isBetter) this.#show(view);
    byId("tabs").hidden = document.querySelectorAll("#tabs button:not([hidden])").length < 2;
  }

  #show(view: ViewName): void {
    this.#view = view;
    const nodes: Record<ViewName, HTMLElement> = {
      table: this.#table.node,
      heat: this.#heat.node,
      stacks: this.#flames!.node,
      more: this.#more,
    };
    for (const [name, node] of Object.entries(nodes)) {
      node.hidden = name !== view;
      byId(`tab-${name}`).setAttribute("aria-pressed", String(name === view));
    }
    byId("filtering").hidden = view !== "table";
    byId("waiting").hidden = true;
    this.#drawHead();
  }

  #showHead(): void {
    const hello = this.#hello;
    const state = byId("state");
    const isLive = this.#connection === "live";
    state.dataset.state = isLive && this.#isPaused ? "paused" : this.#connection;
    state.textContent = {
      connecting: "connecting",
      live: this.#isPaused ? "paused" : "live",
      ended: "ended",
      lost: "connection lost",
    }[this.#connection];
    if (!hello) return;
    const parts: string[] = [];
    byId("spark").hidden = !hello.columns;
    if (hello.columns) {
      const rate = isLive ? this.#rates.now(Date.now()) : 0;
      byId("total").textContent = wholeText(this.#total);
      byId("total-unit").textContent = this.#total === 1 ? "event" : "events";
      byId("rate").textContent = `${shortText(rate)} / s`;
      const kept = this.#rows.length;
      if (this.#isPaused) parts.push(`${wholeText(this.#total - this.#heldTotal)} since the pause`);
      if (this.#total > kept) {
        parts.push(
          `${wholeText(kept)} of ${
            wholeText(this.#total)
          } events are kept as rows; all are counted`,
        );
      }
      this.#rates.draw(byId("spark") as HTMLCanvasElement, Date.now());
    } else {
      const { number = 0, time, left = 0 } = this.#report ?? {};
      byId("total").textContent = wholeText(number);
      byId("total-unit").textContent = number === 1 ? "report" : "reports";
      byId("rate").textContent = time === undefined ? "" : `latest ${clockText(time)}`;
      if (left > 0) parts.push(`${wholeText(left)} records of the latest report are left out`);
      if (this.#held.length > 0) parts.push(`${wholeText(this.#held.length)} reports wait`);
    }
    if (this.#view === "table" && this.#count) parts.push(this.#count);
    byId("facts").textContent = parts.join(" · ");
  }

  #showLosses({ losses }: LossesMessage): void {
    const all = byId("losses");
    const kinds = ["dropped", "missed", "truncated"];
    all.replaceChildren(...kinds.map((kind) => {
      const own = losses.filter((loss) => loss.kind === kind && loss.total > 0);
      const total = own.reduce((sum, loss) => sum + loss.total, 0);
      const why = own.map(({ what, total, reason }) =>
        `${wholeText(total)} ${what}${reason ? `: ${reason}` : ""}`
      );
      const text = `${kind} ${wholeText(total)}`;
      return element("li", {
        class: total > 0 ? "lost" : "",
        title: why.join("\n") || `Nothing was ${kind}.`,
      }, text);
    }));
    const reasons = losses.filter(({ total }) => total > 0).map(({ kind, what, total, reason }) =>
      `${kind} ${wholeText(total)} ${what}${reason ? `: ${reason}` : ""}`
    );
    byId("reasons").replaceChildren(...reasons.map((text) => element("li", {}, text)));
  }

  #setFilter(): void {
    try {
      this.#table.filter(this.#filter.value);
      this.#filter.setCustomValidity("");
      this.#filter.removeAttribute("aria-invalid");
    } catch (error) {
      this.#filter.setCustomValidity((error as Error).message);
      this.#filter.setAttribute("aria-invalid", "true");
      this.#filter.reportValidity();
    }
  }

  #filterBy(key: string, value: string): void {
    const word = `${key}=${value}`;
    this.#filter.value = /\s/.test(word) ? `"${word}"` : word;
    this.#setFilter();
  }

  #togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#heldTotal = this.#total;
    this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
    this.#pause.textContent = this.#isPaused ? "▶ Go on" : "❚❚ Pause";
    if (!this.#isPaused) { for (const message of this.#held.splice(0)) this.#addReport(message); }
    this.#drawRows();
    this.#drawHead();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      if (this.#view === "stacks" && this.#flames!.showAll()) return;
      if (event.target === this.#filter && this.#filter.value !== "") {
        this.#filter.value = "";
        return this.#setFilter();
      }
      return (document.activeElement as HTMLElement | null)?.blur();
    }
    if (isTyping(event)) return;
    if (event.key === "/") {
      event.preventDefault();
      if (this.#view === "stacks") this.#flames!.focusSearch();
      else this.#filter.focus();
    } else if (event.key === "p") this.#togglePause();
    else if (event.key === "t") byId("theme").click();
    else if (event.key === "m" && this.#view === "stacks") this.#flames!.mark();
    else if (/^[1-4]$/.test(event.key)) {
      const tabs = document.querySelectorAll<HTMLElement>("#tabs button:not([hidden])");
      tabs[Number(event.key) - 1]?.click();
    }
  }
}

/** The columns of a report's rows, which say themselves what they hold. */
function columnsOf(rows: readonly Members[]): PageColumn[] {
  const keys = [...new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row)))];
  return keys.filter((key) => key !== "time" && !key.endsWith("_hex")).map((key) => ({
    key,
    head: key.toUpperCase(),
    isNumber: rows.every((row) => row[key] === null || typeof row[key] === "number"),
  }));
}

/** Stacks in rows are indices of names. */
const readable = (key: string, value: unknown, names: readonly string[]): unknown =>
  /^(user|kernel|stack)$/.test(key) && Array.isArray(value)
    ? value.map((index) => names[index as number] ?? "?").join(" ← ")
    : value;

function cellText(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? wholeText(value) : String(value);
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
