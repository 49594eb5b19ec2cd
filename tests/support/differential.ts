/**
 * Runs the same function, written in TypeScript and in C, on the same arguments in the kernel.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernel, rawTracepoint } from "../../kernel.ts";
import {
  Bpf,
  i16,
  i32,
  i64,
  i8,
  type Program,
  u16,
  u32,
  u64,
  u8,
  VerifierError,
} from "../../mod.ts";
import { C_PRELUDE, randomArguments, randomPair } from "./random_code.ts";
import { randomNumbers } from "./random_expressions.ts";

const CODECS = { a8: u8, b8: i8, a16: u16, b16: i16, a32: u32, b32: i32, a64: u64, b64: i64 };

/** Runs a raw tracepoint program once with these arguments, by BPF_PROG_TEST_RUN. */
export function runOnce(program: Program, args: readonly bigint[]): void {
  program.run({ context: new Uint8Array(BigUint64Array.from(args).buffer) });
}

/** Compiles C with clang to an object for Bpf.load(). */
export function compileC(functions: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-differential-"));
  try {
    const text =
      '#define SEC(name) __attribute__((section(name), used))\nchar LICENSE[] SEC("license")' +
      ` = "GPL";\n${C_PRELUDE}\n${functions.join("\n")}\n`;
    writeFileSync(join(folder, "program.c"), text);
    // Without this clang replaces a loop by the closed form of its sum, which multiplies 128-bit
    // numbers, and then rejects that for BPF.
    const loops = ["-mllvm", "-replexitval=never"];
    const flags = ["-target", "bpf", "-O2", "-g", "-mcpu=v3", "-fwrapv", "-w", ...loops];
    const { status, stderr } = spawnSync(
      "clang",
      [...flags, "-c", "program.c", "-o", "program.o"],
      { cwd: folder, encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`clang failed:\n${stderr}`);
    return new Uint8Array(readFileSync(join(folder, "program.o")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The result of comparing pairs. */
export interface Outcome {
  /** A description of each pair that differs. */
  readonly different: readonly string[];
  /** Seeds for which the verifier rejects clang's program as too complex but accepts ours. */
  readonly refused: readonly number[];
}

/** Compares the pairs of these seeds. @throws when one of our programs cannot be compiled or loaded */
export function compare(seeds: readonly number[], rounds: number): Outcome {
  const pairs = seeds.map((seed) => ({ seed, name: `f${seed}`, ...randomPair(seed, `f${seed}`) }));
  const run = (body: string) =>
    rawTracepoint("sys_enter", new Function("ctx", "out", body) as (ctx: unknown) => void);
  const programs = pairs.map(({ name, typescript }) => [name, run(typescript)]);
  const code = kernel({ globals: CODECS }, Object.fromEntries(programs));
  using ours = Bpf.load(code);
  using theirs = loadUnlessTooComplex(compileC(pairs.map(({ c }) => c)));
  if (!theirs) {
    if (seeds.length === 1) return { different: [], refused: seeds };
    const each = seeds.map((seed) => compare([seed], rounds));
    return {
      different: each.flatMap(({ different }) => different),
      refused: each.flatMap(({ refused }) => refused),
    };
  }
  const names = Object.keys(CODECS) as (keyof typeof CODECS)[];
  const globals = [ours, theirs as typeof ours].map((bpf) => names.map((name) => bpf.global(name)));
  const different: string[] = [];
  for (const { seed, name, typescript, c } of pairs) {
    const next = randomNumbers(seed + 7);
    for (let round = 0; round < rounds; round++) {
      const args = randomArguments(next);
      const results = [ours, theirs].map((bpf, i) => {
        for (const global of globals[i]!) {
          (global as { value: unknown }).value = typeof global.value === "bigint" ? 0n : 0;
        }
        runOnce(bpf.program(name), args);
        return globals[i]!.map((global, k) => `${names[k]}=${global.value}`).join(" ");
      });
      if (results[0] === results[1]) continue;
      different.push(
        `seed ${seed}, arguments ${args.join(", ")}:\nours   ${results[0]}\nclang's ${
          results[1]
        }\n${typescript}\n---\n${c}`,
      );
      break;
    }
  }
  return { different, refused: [] };
}

/**
 * Loads an object; undefined if the verifier finds a program too complex or a loop without proof of its
 * end.
 */
function loadUnlessTooComplex(object: Uint8Array): Bpf | undefined {
  try {
    return Bpf.load(object);
  } catch (error) {
    if (error instanceof VerifierError) return undefined;
    throw error;
  }
}
