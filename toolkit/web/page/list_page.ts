/**
 * The page of `ts-bcc web`: lists all tools, and those that were started.
 *
 * @module
 */

import type { ListedRun, ListedTool, RunsMessage } from "../messages.ts";
import { splitWords } from "../split_words.ts";
import { byId, clockText, element } from "./dom.ts";
import { isTyping, listen, switchThemes } from "./shell.ts";

/** Lists tools and starts them. */
export class ListPage {
  #tools: readonly ListedTool[] = [];
  #chosen: ListedTool | undefined;
  readonly #find = byId("find") as HTMLInputElement;
  readonly #runs = new Map<number, RunLine>();

  constructor() {
    document.title = "ts-bcc";
    byId("summary").textContent = "Tools that trace this machine";
    this.#find.addEventListener("input", () => this.#list());
    this.#find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "ArrowDown") return;
      // Otherwise the key would also act on the button that gets the focus, and start the tool.
      event.preventDefault();
      const first = byId("tools").querySelector("button");
      if (event.key === "Enter") first?.click();
      else first?.focus();
    });
    byId("tools").addEventListener("keydown", (event) => this.#walk(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    switchThemes(() => {});
    listen("events", {
      tools: ({ tools }: { tools: readonly ListedTool[] }) => {
        this.#tools = tools;
        this.#list();
        if (!this.#chosen && tools[0]) {
          this.#choose(tools.find(({ name }) => name === "opensnoop") ?? tools[0]);
        }
      },
      runs: ({ runs }: RunsMessage) => this.#showRuns(runs),
    }, (connection) => {
      byId("summary").textContent = connection === "live"
        ? "Tools that trace this machine"
        : connection === "lost"
        ? "The connection is lost: is ts-bcc web still there?"
        : "ts-bcc web has ended.";
    });
    this.#find.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && event.target === this.#find) {
      this.#find.value = "";
      return this.#list();
    }
    if (isTyping(event)) return;
    if (event.key === "/") {
      event.preventDefault();
      this.#find.focus();
    } else if (event.key === "t") byId("theme").click();
  }

  #walk(event: KeyboardEvent): void {
    const buttons = [...byId("tools").querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move === 0) return;
    event.preventDefault();
    (buttons[at + move] ?? this.#find).focus();
  }

  #list(): void {
    const words = this.#find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#tools.filter(({ name, summary }) => {
      const text = `${name} ${summary}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    byId("tools").replaceChildren(...found.map((tool) => {
      const button = element(
        "button",
        { type: "button", "aria-pressed": String(tool === this.#chosen) },
        element("b", {}, tool.name),
        element("span", {}, tool.summary),
      );
      button.addEventListener("click", () => {
        this.#choose(tool);
        byId("arguments").focus();
      });
      return element("li", {}, button);
    }));
    if (found.length === 0) {
      byId("tools").append(element("li", { class: "empty" }, "No tool is like that."));
    }
  }

  #choose(tool: ListedTool): void {
    this.#chosen = tool;
    for (const button of byId("tools").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.firstChild?.textContent === tool.name));
    }
    const input = element("input", {
      id: "arguments",
      "aria-label": `Arguments of ${tool.name}`,
      placeholder: "arguments, as in a shell; nothing is expanded",
      autocomplete: "off",
      spellcheck: "false",
    });
    const argv = element("div", { class: "argv", "aria-live": "polite" });
    const problem = element("p", { class: "problem", role: "alert" });
    const show = () => {
      problem.textContent = "";
      const words = splitWords(input.value);
      argv.replaceChildren(
        ...typeof words === "string"
          ? [words]
          : words.map((word) => element("code", {}, word === "" ? "(empty)" : word)),
      );
    };
    input.addEventListener("input", show);
    const form = element(
      "form",
      {},
      element("code", {}, tool.name),
      input,
      element("button", {}, "Start"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void tell("start", { tool: tool.name, arguments: input.value })
        .then((why) => problem.textContent = why);
    });
    const set = (text: string) => {
      input.value = text;
      show();
      input.focus();
    };
    const option = ({ usage, help }: ListedTool["options"][number]) => {
      const word = /--[\w-]+/.exec(usage)?.[0] ?? /^-\w/.exec(usage)?.[0];
      const add = element("button", { type: "button", title: "Add it to the arguments" }, usage);
      add.addEventListener("click", () => set(`${input.value} ${word ?? ""}`.trim() + " "));
      return element(
        "tr",
        {},
        element("td", {}, word ? add : element("code", {}, usage)),
        element("td", {}, help),
      );
    };
    const example = ([call, meaning]: readonly [string, string]) => {
      const words = call.replace(/ *[|>].*$/, "").replace(/^\S+ ?/, "");
      const use = element("button", { type: "button", title: "Take these arguments" }, call);
      use.addEventListener("click", () => set(words));
      return element("tr", {}, element("td", {}, use), element("td", {}, meaning));
    };
    byId("chosen").replaceChildren(
      element("h2", {}, tool.name),
      element("div", {}, tool.summary),
      form,
      argv,
      problem,
      element("h3", {}, "Examples"),
      element(
        "table",
        { "aria-label": "Examples" },
        element("tbody", {}, ...tool.examples.map(example)),
      ),
      element("h3", {}, "Options"),
      element(
        "table",
        { "aria-label": "Options" },
        element("tbody", {}, ...tool.options.map(option)),
      ),
    );
    byId("chosen").scrollTop = 0;
  }

  #showRuns(runs: readonly ListedRun[]): void {
    for (const run of runs) {
      let line = this.#runs.get(run.id);
      if (!line) {
        this.#runs.set(run.id, line = new RunLine(run.id));
        byId("runs").prepend(line.node);
      }
      line.show(run);
    }
    for (const [id, line] of this.#runs) {
      if (runs.some((run) => run.id === id)) continue;
      line.node.remove();
      this.#runs.delete(id);
    }
  }
}

/** One tool that was started. */
class RunLine {
  readonly node: HTMLElement;
  readonly #id: number;
  readonly #state = element("span", { class: "state" });
  readonly #words = element("code");
  readonly #open: HTMLAnchorElement;
  readonly #act = element("button", { type: "button" });
  readonly #text = element("pre", { tabindex: "0", "aria-label": "What it said" });

  constructor(id: number) {
    this.#id = id;
    this.#open = element("a", { href: `run/${id}/` }, "Open");
    const buttons = element("span", {}, this.#open);
    this.node = element(
      "article",
      { class: "run" },
      this.#state,
      this.#words,
      buttons,
      this.#act,
      this.#text,
    );
    this.#act.addEventListener("click", () => void tell("stop", { id: this.#id }));
  }

  show({ words, started, state, hasPage, ended, text }: ListedRun): void {
    this.node.dataset.state = state;
    const name = words.join(" ");
    this.#state.textContent = state === "ended"
      ? `ended${ended ? `, ${ended}` : ""}`
      : `${state} since ${clockText(started)}`;
    this.#words.textContent = name;
    this.#open.hidden = !hasPage;
    this.#open.setAttribute("aria-label", `Open the page of ${name}`);
    this.#act.textContent = state === "ended" ? "Forget" : state === "stopping" ? "Kill" : "Stop";
    this.#act.setAttribute("aria-label", `${this.#act.textContent} ${name}`);
    this.#text.hidden = text === "";
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}

/** Posts a request to the server; returns its error, or an empty text. */
async function tell(what: string, data: unknown): Promise<string> {
  try {
    const answer = await fetch(what, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(data),
    });
    return answer.ok ? "" : await answer.text();
  } catch {
    return "ts-bcc web does not answer: is it still there?";
  }
}
