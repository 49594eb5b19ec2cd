/**
 * Fuzz targets: compilers of BPF programs, for C expressions of probes and for functions in
 * TypeScript.
 *
 * @module
 */

import { parseInC } from "../../../bpf/typescript/c/parse.ts";
import { NotKnown } from "../../../bpf/typescript/c/tree.ts";
import { typeOfWords, type VariableInC } from "../../../bpf/typescript/c/types.ts";
import { compileProgram } from "../../../bpf/typescript/compile_program.ts";
import { plan } from "../../../bpf/typescript/load.ts";
import { KernelCodeError } from "../../../bpf/typescript/language/source.ts";
import { functionsIn } from "../../../bpf/typescript/origin/functions.ts";
import { tokens } from "../../../bpf/typescript/origin/tokens.ts";
import { chars, struct, u32, u64 } from "../../../mod.ts";
import { hash, histogram, rawTracepoint, ringBuffer } from "../../../kernel.ts";
import { UsageError } from "../../../toolkit/options/options.ts";
import { tokensOf } from "../../../toolkit/probe_language/c_tokens.ts";
import { type AnyTarget, Broken, must, Refused, type Target } from "../target.ts";

const variable = (...words: string[]): VariableInC => ({
  type: typeOfWords(words)!,
  read: () => 0n,
});
const VARIABLES = new Map([
  ["arg1", variable("u64")],
  ["n", variable("int")],
  ["half", variable("u16")],
  ["text", variable("const", "char", "*")],
  ["words", variable("long", "*")],
]);

const expression: Target<string> = {
  name: "c-expression",
  what: "expressions of C behind probes",
  samples: () =>
    [
      "n + half * 3 << 2 == -1 && !(arg1 & 0xffull)",
      "words[n - 1] > 'x' ? *(u8 *)(text + 2) : (unsigned char)arg1",
      "sizeof(long) + ~half / (n | 1) % 010 - ntohs(half)",
      'STRCMP("a\\x41\\"b", text) || text[n] != \'\\377\'',
      "&words[3] - &words[1]",
      `${"(".repeat(199)}n${")".repeat(199)}`,
    ].map((value) => ({ value })),
  words: ["(", ")", "[", "]", "?", ":", "->", ".", "&&", "<<", "sizeof", "(u8 *)", "(struct "]
    .concat([
      "unsigned ",
      "0x",
      "08",
      "'\\",
      '"',
      "18446744073709551616",
      "ull",
      "@user",
      "*",
      "&",
    ]),
  isRefusal: (error) => error instanceof NotKnown || error instanceof UsageError,
  run(text) {
    try {
      const tree = parseInC(tokensOf(text), {
        variables: VARIABLES,
        compare: ({ text }) => ({ bytes: new TextEncoder().encode(text), isPrefix: false }),
      });
      const { op, type } = tree;
      if (op !== "constant") return;
      const { bits, signed } = type;
      const fits = signed ? BigInt.asIntN(bits, tree.value) : BigInt.asUintN(bits, tree.value);
      must(fits === tree.value, `${tree.value} is beyond its type`);
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      if (error.at >= 0 && error.at <= text.length) throw error;
      throw new Broken(`"${error.message}" is at ${error.at}, outside of the text`);
    }
  },
};

const Event = struct("event", { pid: u32, count: u64, name: chars(16) });
const MAPS = { counts: hash(u32, u64), sizes: histogram(), events: ringBuffer(Event) };

const typescript: Target<string> = {
  name: "typescript",
  what: "functions of TypeScript that become programs",
  samples: () =>
    [
      `const { args: [a, b] } = ctx;
if (a > b && out.target !== 0n) return;
let sum = 0n;
for (let i = 0; i < 10; i++) { if (i === 3) continue; sum += a >> 2n; }
out.counts.increment(1, sum % 7n);`,
      `const seen = out.counts.get(5);
out.sizes.record(seen ?? 0n);
switch (ctx.args[0] & 3n) { case 0n: return; case 1n: out.target = 5n; break; default: }`,
      `const add = (x, y) => { if (x < y) return x; return y + 1n; };
out.events.emit({ pid: pid(), count: add(ctx.args[0], 3n), name: comm() });`,
    ].map((value) => ({ value })),
  words: ["?.", "??", "=>", "{", "}", "(", ")", "[", "]", "`${", "0n", "1", "===", "&&", "++"]
    .concat([
      "const x = ",
      "let y = ",
      "return ",
      "break;",
      "for (const x of ",
      "ctx",
      "out",
      "...",
    ])
    .concat(["out.counts", ".get(1)", "currentTask()", "signed(", "-", "undefined", '"text"']),
  isRefusal: (error) => error instanceof KernelCodeError,
  run(text) {
    let run: (context: unknown) => void;
    try {
      run = new Function("ctx", "out", text) as typeof run;
    } catch {
      throw new Refused("JavaScript has no such function");
    }
    const { outside } = plan({ maps: MAPS, globals: { target: u64 } });
    const { instructions } = compileProgram("fuzzed", rawTracepoint("sys_enter", run), outside);
    must(instructions.length % 8 === 0 && instructions.length > 0, "there are no instructions");
  },
};

const origin: Target<string> = {
  name: "typescript-tokens",
  what: "files that kernel code was written in",
  samples: () =>
    [
      'const a = tracepoint("x/y", (e: Fields, { n }): void => { print(`${e.a} ${n as bigint}`); });',
      "const o = { async f(x: string) { return /[/]x/g.test(x); }, g: function* () {} }; // more",
      "export default (x?: number) => x! / 2 / 0x10_00n + `a${ {b: `c${x}`} }d`.length; /* end */",
    ].map((value) => ({ value })),
  words: [
    "`",
    "${",
    "}",
    "=>",
    "function ",
    "(",
    ")",
    "/*",
    "*/",
    "//",
    "/",
    "'",
    '"',
    "\\",
    "async ",
  ],
  isRefusal: () => false,
  run(text) {
    const found = tokens(text);
    let end = 0;
    for (const token of found) {
      must(token.start >= end && token.end > token.start, `a token is at ${token.start}`);
      end = token.end;
    }
    must(end <= text.length, "a token ends behind the text");
    for (const { from, to } of functionsIn(found)) {
      must(from >= 0 && to > from && to <= found.length, `a function is from ${from} to ${to}`);
    }
  },
};

/** Parsers and compilers of kernel code. */
export const COMPILER_TARGETS: readonly AnyTarget[] = [
  expression,
  typescript,
  origin,
];
