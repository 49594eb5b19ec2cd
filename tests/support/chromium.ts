/**
 * Runs Debian's Chromium headless, driven by the DevTools protocol.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { Running } from "./process.ts";
import { Folder } from "./workload.ts";

/** The browser as Debian installs it. */
export const CHROMIUM = "/usr/bin/chromium";

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A running headless browser. */
export class Chromium implements AsyncDisposable {
  readonly #running: Running;
  readonly #folder: Folder;
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #tabs = new Map<string, Tab>();
  #last = 0;

  private constructor(running: Running, folder: Folder, socket: WebSocket) {
    this.#running = running;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id === undefined) {
        return this.#tabs.get(answer.sessionId ?? "")?.hear(answer.method!, answer.params!);
      }
      const asked = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      if (answer.error) asked?.reject(new Error(answer.error.message));
      else asked?.resolve(answer.result!);
    };
  }

  /** Starts a browser whose profile is in a temporary folder. */
  static async start(): Promise<Chromium> {
    const folder = new Folder();
    const running = Running.start([
      CHROMIUM,
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder.path}`,
      "about:blank",
    ], { env: { HOME: folder.path } });
    const [, url] = await running.find("stderr", /DevTools listening on (ws:\S+)/);
    const socket = new WebSocket(url!);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("the browser takes no commands"));
    });
    return new Chromium(running, folder, socket);
  }

  /** Calls a method of the DevTools protocol; resolves to its result. */
  async ask(
    method: string,
    params: Record<string, unknown> = {},
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const asked = Promise.withResolvers<Record<string, unknown>>();
    this.#asked.set(id, asked);
    this.#socket.send(JSON.stringify({ id, method, params, ...sessionId && { sessionId } }));
    return await asked.promise;
  }

  /** Opens a URL in a new tab. */
  async open(url: string, { dark = false, width = 1280, height = 800 } = {}): Promise<Tab> {
    const { targetId } = await this.ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.ask("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab((method, params) => this.ask(method, params, sessionId as string));
    this.#tabs.set(sessionId as string, tab);
    for (const domain of ["Page", "Runtime", "Log", "Network", "Audits", "Accessibility"]) {
      await tab.ask(`${domain}.enable`);
    }
    await tab.ask("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await tab.dark(dark);
    await tab.ask("Page.navigate", { url });
    await tab.until("document.readyState === 'complete'");
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ask("Browser.close").catch(() => {});
    this.#socket.close();
    await this.#running.result.catch(() => {});
    this.#folder[Symbol.dispose]();
  }
}

/** A page in a browser. */
export class Tab {
  /**
   * Uncaught exceptions, errors on the console and violations of the page's content security
   * policy.
   */
  readonly problems: string[] = [];
  /** URLs that the page requested. */
  readonly requests: string[] = [];
  readonly ask: (
    method: string,
    params?: Record<string, unknown>,
  ) => Promise<Record<string, unknown>>;

  constructor(ask: Tab["ask"]) {
    this.ask = ask;
  }

  /** Handles an event of the DevTools protocol. */
  hear(method: string, params: Record<string, unknown>): void {
    if (method === "Runtime.exceptionThrown" || method === "Audits.issueAdded") {
      this.problems.push(JSON.stringify(params));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params.entry as { level: string; text: string };
      if (level === "error" || level === "warning") this.problems.push(text);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params.request as { url: string }).url);
    }
  }

  /** Evaluates an expression in the page. @throws what the expression throws */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.ask("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    }) as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** Polls the page until an expression is true. */
  async until(expression: string): Promise<void> {
    while (!await this.value<boolean>(`Boolean(${expression})`)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Presses a key: `/`, `Escape`, `ArrowDown`. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
    const params = { key, code: key, ...text && { text }, ...key === "Enter" && ENTER };
    await this.ask("Input.dispatchKeyEvent", { type: "keyDown", ...params });
    await this.ask("Input.dispatchKeyEvent", { type: "keyUp", ...params });
  }

  /** Types a text into the focused element. */
  async type(text: string): Promise<void> {
    await this.ask("Input.insertText", { text });
  }

  /** Emulates a system with a dark or light colour scheme. */
  async dark(isDark: boolean): Promise<void> {
    await this.ask("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }],
    });
  }

  /** Saves a screenshot as a PNG file. */
  async picture(file: string): Promise<void> {
    const { data } = await this.ask("Page.captureScreenshot", { format: "png" });
    writeFileSync(file, Uint8Array.fromBase64(data as string));
  }
}

const ENTER = { windowsVirtualKeyCode: 13, nativeVirtualKeyCode: 13 };
