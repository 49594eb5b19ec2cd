/**
 * A client for live pages without a browser: receives the server-sent events that a browser would get.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Running } from "./process.ts";

/** The URL of a page, as its server prints it. */
export const pageOf = async (server: Running): Promise<string> =>
  (await server.find("stderr", /the page is at (http:\S+)$/m))[1]!;

/** Collects a page's server-sent events: each is an `event:` line, a `data:` line and an empty line. */
export class Told {
  readonly ended: Promise<void>;
  readonly #messages: { readonly name: string; readonly data: string }[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(url: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    const asked = get(new URL("events", url), { agent: false }, (response) => {
      this.#hear(response).finally(resolve);
    });
    asked.on("error", () => resolve());
  }

  /** All messages so far with an event name. */
  all<T>(name: string): T[] {
    return this.#messages.filter((each) => each.name === name)
      .map(({ data }) => JSON.parse(data) as T);
  }

  /** Waits for the first message with an event name for which `isIt` is true. */
  async find<T>(name: string, isIt: (message: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const found = this.all<T>(name).findLast(isIt);
      if (found) return found;
      await this.#wake.promise;
    }
  }

  async #hear(response: IncomingMessage): Promise<void> {
    const text = Readable.toWeb(response).pipeThrough(new TextDecoderStream() as never);
    let [name, data] = ["", ""];
    try {
      for await (const line of (text as ReadableStream<string>).pipeThrough(new TextLineStream())) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data = line.slice(6);
        else if (line === "" && name !== "") {
          this.#messages.push({ name, data });
          name = "";
          this.#wake.resolve();
          this.#wake = Promise.withResolvers();
        }
      }
    } catch {
      // The server has ended in the middle of the response.
    }
  }
}
