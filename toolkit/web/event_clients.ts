/**
 * Clients of server-sent events (HTML standard, "EventSource"): the open pages.
 *
 * @module
 */

import { refuse, type ServerResponse } from "../http/http_server.ts";

/** Limit on open pages: each needs memory, and time for every message. */
const MAX_CLIENTS = 8;
/** Backlog of a client in characters above which further messages are not sent to it: it reads too slowly. */
const MAX_WAITING = 2 * 1024 * 1024;
/** Interval of empty messages, shorter than the timeout of the HTTP server; a client that does not read them is disconnected. */
const HEARTBEAT_MS = 3000;
const POLL_MS = 20;

/** An open connection. */
interface Client {
  readonly response: ServerResponse;
  /** Characters that were given to the runtime and not yet taken by the kernel. */
  waiting: number;
  /** When the kernel last took something; by performance.now(). */
  taken: number;
}

/** A client that takes nothing for this long is disconnected: the runtimes' own timeouts miss some of these. */
const PATIENCE_MS = 10_000;
/** Time limit for the last messages after Ctrl-C. */
const END_MS = 3000;

/** A message as it is sent. */
export const eventText = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** All open connections. */
export class EventClients implements Disposable {
  readonly #clients = new Set<Client>();
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  /** How many there are. */
  get size(): number {
    return this.#clients.size;
  }

  /** Adds a client. @param first the messages that bring it up to date */
  add(response: ServerResponse, first: readonly string[]): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      return refuse(response, 503, `${MAX_CLIENTS} pages are open: close one`);
    }
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    // Bun (1.4) takes sockets that are written to for idle: findings/bun-server-timeout.sh.
    // Connections here have a limit of their own (#beat).
    response.setTimeout(0);
    const client: Client = { response, waiting: 0, taken: performance.now() };
    this.#clients.add(client);
    const forget = () => this.#forget(client);
    response.on("error", forget);
    response.on("close", forget);
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#send(client, first.join(""));
  }

  /** Sends a message to all. */
  send(name: string, data: unknown): string {
    const text = eventText(name, data);
    this.#sendAll(text);
    return text;
  }

  /** Waits until no client has a large backlog; clients that take nothing are disconnected meanwhile. */
  async room(): Promise<void> {
    while ([...this.#clients].some(({ waiting }) => waiting > MAX_WAITING / 4)) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #beat(): void {
    for (const client of this.#clients) {
      if (client.waiting === 0 || performance.now() - client.taken < PATIENCE_MS) continue;
      this.#forget(client);
      client.response.destroy();
    }
    this.#sendAll(": \n\n");
  }

  #sendAll(text: string): void {
    for (const client of this.#clients) {
      if (client.waiting < MAX_WAITING) this.#send(client, text);
    }
  }

  #send(client: Client, text: string): void {
    if (text === "") return;
    if (client.waiting === 0) client.taken = performance.now();
    client.waiting += text.length;
    client.response.write(text, () => {
      client.waiting -= text.length;
      client.taken = performance.now();
    });
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  /** Sends the final message to all; resolves when it was sent, or the client is too slow. */
  async end(): Promise<void> {
    // A client that has not read what was sent before is not waited for.
    const taken = [...this.#clients].map(({ response, waiting }) =>
      new Promise<void>((resolve) => {
        response.end(eventText("end", {}), resolve);
        if (waiting >= MAX_WAITING) resolve();
      })
    );
    this[Symbol.dispose]();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, END_MS));
    await Promise.race([Promise.all(taken), late]);
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    this.#clients.clear();
  }
}
