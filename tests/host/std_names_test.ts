// Not in guests: names of packages are no matter of the kernel.
/** The names of Deno's standard library, which deno.json and tsconfig.json map, under both runtimes. */

import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli";
import { decodeBase64, encodeBase64, encodeHex } from "@std/encoding";
import { TextLineStream } from "@std/streams";
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

const BYTES = Uint8Array.from([0, 127, 128, 255]);

test("@std/assert compares by value", () => {
  assertEquals(new Map([["a", { b: [1n] }]]), new Map([["a", { b: [1n] }]]));
  let message = "";
  try {
    assertEquals({ a: 1 }, { a: 2 });
  } catch (error) {
    message = stripVTControlCharacters((error as Error).message);
  }
  assertEquals(/-\s+a: 1,?\n\+\s+a: 2,?/.test(message), true, message);
});

test("@std/cli, @std/encoding and @std/streams do their work", async () => {
  const { x, pid, _ } = parseArgs(["-x", "--pid=17", "rest"], { boolean: ["x"], string: ["pid"] });
  assertEquals([x, pid, _], [true, "17", ["rest"]]);
  assertEquals(encodeHex(BYTES), BYTES.toHex());
  assertEquals(encodeBase64(BYTES), BYTES.toBase64());
  assertEquals(decodeBase64(encodeBase64(BYTES)), BYTES);
  const child = spawn("printf", ["one\\ntwo\\nthree"]);
  const text = Readable.toWeb(child.stdout).pipeThrough(new TextDecoderStream() as never);
  const lines = (text as ReadableStream<string>).pipeThrough(new TextLineStream());
  assertEquals(await Array.fromAsync(lines), ["one", "two", "three"]);
});
