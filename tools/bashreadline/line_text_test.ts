import assert from "node:assert/strict";
import { test } from "node:test";
import { lineText, METAFIED } from "./line_text.ts";

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));

test("lineText() takes off the end of the line and nothing else", () => {
  assert.equal(lineText(bytes("echo ä\n"), 0), "echo ä");
  assert.equal(lineText(bytes("one\ntwo"), 0), "one\ntwo");
  assert.equal(lineText(bytes(""), 0), "");
});

test("lineText() turns back what zsh does to the bytes that it uses itself", () => {
  // "ă" is c4 83: zsh writes 83 as 83 a3.
  const metafied = new Uint8Array([0x6c, 0x73, 0x20, 0xc4, 0x83, 0xa3, 0x0a]);
  assert.equal(lineText(metafied, METAFIED), "ls ă");
  assert.equal(lineText(new Uint8Array([0x61, 0x83]), METAFIED).length, 2);
});
