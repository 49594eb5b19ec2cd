/**
 * The page of one tool.
 *
 * @module
 */

import type { Hello, LossesMessage, ReportMessage, RowsMessage } from "../messages.ts";
import { byId, element, soon, wholeText } from "./dom.ts";
import { showEventFigures, showReportFigures, showState } from "./figures.ts";
import { FlameView } from "./flame_view.ts";
import { HeatMaps } from "./heat.ts";
import { HeatView } from "./heat_view.ts";
import { HeldReports } from "./held_reports.ts";
import { showLosses } from "./losses.ts";
import { Rates } from "./rates.ts";
import { columnsOf, type Members, recordTables, rowsOf } from "./record_tables.ts";
import { type Connection, isTyping, listen, switchThemes } from "./shell.ts";
import { framesOf, StackTree, unitOf } from "./stack_tree.ts";
import { type TableRow, TableView } from "./table_view.ts";

/** Limit on the rows that are kept. */
const MAX_ROWS = 5000;

type ViewName = "table" | "heat" | "stacks" | "more";

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
  readonly #held = new HeldReports();
  #losses: LossesMessage["losses"] = [];
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
      losses: ({ losses }: LossesMessage) => {
        this.#losses = losses;
        this.#showLosses();
      },
    }, (connection) => {
      this.#connection = connection;
      this.#drawHead();
    });
    setInterval(this.#drawHead, 1000);
    this.#drawHead();
  }

  /** Called at each connection, also after a lost one: the server then sends everything again. */
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
    if (this.#held.hold(message)) this.#showLosses();
    this.#drawHead();
  }

  /** The tool's losses, and the page's own. */
  #showLosses(): void {
    showLosses({ losses: [...this.#losses, ...this.#held.losses] });
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

  /** The rows of a report replace those of the report before. */
  #showReport(rows: readonly Members[]): void {
    if (rows.length > 0) this.#table.columns = columnsOf(rows);
    this.#table.empty = "The latest report has no rows.";
    this.#table.rows = rowsOf(rows, this.#report?.names ?? []);
    this.#offer("table");
  }

  #showOthers(records: ReportMessage["records"]): void {
    this.#more.replaceChildren(...recordTables(records, this.#report?.names ?? []));
    if (records.length > 0) this.#offer("more");
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
    showState(this.#connection, this.#isPaused);
    if (!hello) return;
    byId("spark").hidden = !hello.columns;
    const facts = hello.columns ? this.#showEvents() : this.#showReports();
    if (this.#view === "table" && this.#count) facts.push(this.#count);
    byId("facts").textContent = facts.join(" · ");
  }

  #showEvents(): string[] {
    const isLive = this.#connection === "live";
    return showEventFigures({
      total: this.#total,
      kept: this.#rows.length,
      rate: isLive ? this.#rates.now(Date.now()) : 0,
      sincePause: this.#isPaused ? this.#total - this.#heldTotal : undefined,
    }, (canvas) => this.#rates.draw(canvas, Date.now()));
  }

  #showReports(): string[] {
    return showReportFigures(this.#report, this.#held.count);
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
    if (!this.#isPaused) this.#held.release().forEach((message) => this.#addReport(message));
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
