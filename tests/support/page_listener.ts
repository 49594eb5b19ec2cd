/**
 * A live page without a browser: hears what a browser would be told.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Running } from "./process.ts";

/** Where a page is, as its server says itself. */
export const pageOf = async (server: Running): Promise<string> =>
  (await server.find("stderr", /the page is at (http:\S+)$/m))[1]!;

/** What a page is told, as it comes: server-sent events, each an `event:` line, a `data:` line and an empty one. */
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

  /** All messages of a kind. */
  all<T>(name: string): T[] {
    return this.#messages.filter((each) => each.name === name)
      .map(({ data }) => JSON.parse(data) as T);
  }

  /** The first message of a kind that is like that. */
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
      // The server has ended in the middle of it.
    }
  }
}
