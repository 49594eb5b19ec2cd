/**
 * Evaluates C expressions by the compiler for probe expressions and by gcc, to compare the results.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bpf, u64 } from "../../mod.ts";
import {
  convertInC,
  EmittedCode,
  lowerInC,
  parseInC,
  pointerTo,
  type Tree,
  typeOfWords,
  UnsignedLongInC,
  type VariableInC,
  VOID_IN_C,
} from "../../compiler.ts";
import { knownBytes } from "../../toolkit/probe_language/expression.ts";
import { tokensOf } from "../../toolkit/probe_language/c_tokens.ts";
import { runOnce } from "./differential.ts";
import { C_VARIABLES, randomExpression } from "./random_c.ts";
import { randomArguments } from "./random_code.ts";
import { randomNumbers } from "./random_expressions.ts";

/** Variables of these types: the nth is argument n of a raw tracepoint. */
function variablesOf(types: Readonly<Record<string, string>>): Map<string, VariableInC> {
  return new Map(
    Object.entries(types).map(([name, words], i) => {
      const type = words === "void *" ? pointerTo(VOID_IN_C) : typeOfWords([words])!;
      const whole: Tree = {
        op: "variable",
        read: ({ builder, context }) => builder.load(context, 8 * i, 8),
        type: UnsignedLongInC,
        isKernel: false,
      };
      return [name, { type, read: (program) => lowerInC(program, convertInC(whole, type)) }];
    }),
  );
}

/** Loads programs that evaluate the expressions on the arguments of a raw tracepoint. */
export function load(expressions: readonly string[], types: Readonly<Record<string, string>>): Bpf {
  const variables = variablesOf(types);
  const program = (text: string) => {
    const compare = (literal: { text: string; at: number }) => ({
      bytes: knownBytes(text, { ...literal, kind: "string" }, false),
      isPrefix: false,
    });
    const tree = parseInC(tokensOf(text), { variables, compare });
    return {
      hook: { kind: "rawTracepoint", name: "sys_enter" } as const,
      text,
      write: (program: Parameters<VariableInC["read"] & object>[0]) => {
        const { builder, outside } = program;
        const value = lowerInC(program, convertInC(tree, UnsignedLongInC));
        builder.keep();
        builder.store(builder.mapValue(outside.section, 0), 0, 8, value);
      },
    };
  };
  const programs = expressions.map((text, i) => [`f${i}`, program(text)] as const);
  return Bpf.load(
    new EmittedCode({ maps: {}, globals: { result: u64 }, programs: Object.fromEntries(programs) }),
  );
}

/** The result of each expression for each row of arguments. */
export function results(bpf: Bpf, count: number, rows: readonly (readonly bigint[])[]): bigint[][] {
  const result = bpf.global("result", u64);
  return Array.from({ length: count }, (_, i) =>
    rows.map((row) => {
      runOnce(bpf.program(`f${i}`), row);
      return result.value;
    }));
}

/** The same results, as a program compiled by gcc prints them. */
function byGcc(expressions: readonly string[], rows: readonly (readonly bigint[])[]): bigint[][] {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-c-"));
  try {
    const names = Object.entries(C_VARIABLES);
    const read = names.map(([name, type], i) => `${type} ${name} = row[${i}];`).join(" ");
    const unused = names.map(([name]) => `(void)${name};`).join(" ");
    const text = `#include <stdio.h>
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;
typedef unsigned long long u64; typedef signed char s8; typedef short s16; typedef int s32;
typedef long long s64;
static const u64 rows[][8] = {${
      rows.map((row) => `{${row.map((value) => `${BigInt.asUintN(64, value)}ull`).join(",")}}`)
    }};
${
      expressions.map((text, i) =>
        `u64 f${i}(const u64 *row) { ${read} ${unused} return ${text}; }`
      )
        .join("\n")
    }
int main(void) { for (int i = 0; i < ${rows.length}; i++) {
${expressions.map((_, i) => `printf("%llu\\n", f${i}(rows[i]));`).join("\n")}
} }`;
    writeFileSync(join(folder, "program.c"), text);
    const flags = ["-O0", "-w", "-fwrapv", "-fsigned-char", "program.c", "-o", "program"];
    const { status, stderr } = spawnSync("gcc", flags, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const { stdout } = spawnSync(join(folder, "program"), { encoding: "utf8", maxBuffer: 1 << 28 });
    const lines = stdout.trim().split("\n").map(BigInt);
    return expressions.map((_, i) => rows.map((_, row) => lines[row * expressions.length + i]!));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compares the random expressions of these seeds; returns a description of each difference. */
export function compareExpressions(seeds: readonly number[]): string[] {
  const expressions = seeds.map(randomExpression);
  const next = randomNumbers(seeds[0]! + 1);
  const rows = Array.from(
    { length: 6 },
    () =>
      [...randomArguments(next), ...randomArguments(next), ...randomArguments(next)].slice(0, 8),
  );
  using bpf = load(expressions, C_VARIABLES);
  const ours = results(bpf, expressions.length, rows);
  const theirs = byGcc(expressions, rows);
  return expressions.flatMap((text, i) =>
    rows.flatMap((row, j) =>
      ours[i]![j] === theirs[i]![j]
        ? []
        : [`seed ${seeds[i]}: ${text} of ${row}: ${ours[i]![j]}, and gcc ${theirs[i]![j]}`]
    )
  );
}
