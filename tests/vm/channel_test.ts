import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "./channel.ts";

/**
 * Passes a text to a channel in chunks of a given size; returns the output and messages that it
 * found.
 */
function split(text: string, chunkSize: number): { output: string; messages: string[][] } {
  const found = { output: "", messages: [] as string[][] };
  const channel = new Channel("token", {
    output: (text) => found.output += text,
    message: (words) => found.messages.push(words),
  });
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length; start += chunkSize) {
    channel.push(bytes.subarray(start, start + chunkSize));
  }
  return found;
}

const STREAM = "\x1etoken ready 6.1\nläuft \x1e\x1etoken end 1 0\n\x1etok \x1eother end 2 0\nlast";

for (const size of [1, 2, 3, 7, 1000]) {
  test(`push() separates output from messages in chunks of ${size}`, () => {
    deepStrictEqual(split(STREAM, size), {
      output: "läuft \x1e\x1etok \x1eother end 2 0\nlast",
      messages: [["ready", "6.1"], ["end", "1", "0"]],
    });
  });
}
