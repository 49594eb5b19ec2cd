/**
 * A live page without a browser: hears what a browser would be told.
 *
 * @module
 */

import { get } from "node:http";
import type { Running } from "./process.ts";

/** Where a page is, as its server says itself. */
export const pageOf = async (server: Running): Promise<string> =>
  (await server.find("stderr", /the page is at (http:\S+)$/m))[1]!;

/** What a page is told, as it comes. */
export class Told {
  readonly ended: Promise<void>;
  #text = "";
  #wake = Promise.withResolvers<void>();

  constructor(url: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    const asked = get(new URL("events", url), { agent: false }, (response) => {
      response.setEncoding("utf8").on("data", (text: string) => {
        this.#text += text;
        this.#wake.resolve();
        this.#wake = Promise.withResolvers();
      });
      response.on("close", resolve);
    });
    asked.on("error", () => resolve());
  }

  /** All messages of a kind. */
  all<T>(name: string): T[] {
    return this.#text.split("\n\n").slice(0, -1)
      .filter((each) => each.startsWith(`event: ${name}\n`))
      .map((each) => JSON.parse(each.slice(each.indexOf("data: ") + 6)) as T);
  }

  /** The first message of a kind that is like that. */
  async find<T>(name: string, isIt: (message: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const found = this.all<T>(name).findLast(isIt);
      if (found) return found;
      await this.#wake.promise;
    }
  }
}
