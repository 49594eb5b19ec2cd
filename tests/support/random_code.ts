/**
 * Random functions in kernel TypeScript, and the same functions in C.
 *
 * @module
 */

import { type Both, Expressions, GLOBALS } from "./random_expressions.ts";

/** The same function in both languages. */
export interface Pair {
  readonly typescript: string;
  readonly c: string;
}

/** The C text before the functions. Division is as in BPF: by zero it gives 0. */
export const C_PRELUDE = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;
${
  Object.entries(GLOBALS).map(([name, [bits, signed]]) =>
    `volatile ${signed ? "s" : "u"}${bits} ${name};`
  ).join("\n")
}
static inline u64 udiv(u64 a, u64 b) { return b ? a / b : 0; }
static inline u64 umod(u64 a, u64 b) { return b ? a % b : a; }
static inline u64 mag(s64 a) { return a < 0 ? 0 - (u64)a : a; }
static inline s64 sdiv(s64 a, s64 b) {
  u64 q = udiv(mag(a), mag(b));
  return (a < 0) != (b < 0) ? 0 - q : q;
}
static inline s64 smod(s64 a, s64 b) {
  u64 r = umod(mag(a), mag(b));
  return a < 0 ? 0 - r : r;
}
`;

class Statements extends Expressions {
  #loops = 0;
  #left = 14;

  function(name: string): Pair {
    const ts: string[] = [];
    // Without volatile clang may read the context at a computed offset, which the verifier rejects.
    const c = Array.from({ length: 5 }, (_, i) => `u64 c${i} = *(volatile u64 *)(ctx + ${i});`);
    for (let i = 0; i < 4; i++) {
      const bits = this.pick([8, 16, 32, 64]);
      const signed = this.chance(2);
      const variable = this.declare(signed, false);
      const fn = signed ? "signed" : "unsigned";
      const conversion = `${fn}(${fn}(ctx.args[${i}], ${bits}))`;
      ts.push(`const ${variable} = ${conversion};`);
      c.push(`${signed ? "s64" : "u64"} ${variable} = (${signed ? "s" : "u"}${bits})c${i};`);
    }
    const body = this.#statements(3, 5 + this.below(4));
    const ends = (Object.keys(GLOBALS) as (keyof typeof GLOBALS)[]).map((global) =>
      this.#store(global)
    );
    const all = [...body, ...ends];
    return {
      typescript: [...ts, ...all.map(([text]) => text)].join("\n"),
      c: `SEC("raw_tp") int ${name}(u64 *ctx) {\n${
        [...c, ...all.map(([, text]) => text)].join("\n")
      }\nreturn 0; }`,
    };
  }

  #statements(depth: number, count: number): Both[] {
    const known = this.variables.length;
    const made = Array.from({ length: count }, () => this.#statement(depth));
    // Use each variable: both compilers remove variables that are not read.
    const used = this.variables.slice(known).map(({ name }): Both => [
      `out.a64 ^= unsigned(${name});`,
      `a64 ^= (u64)${name};`,
    ]);
    this.variables.length = known;
    return [...made, ...used];
  }

  #block(depth: number): Both {
    const lines = this.#statements(depth - 1, 1 + this.below(3));
    return [lines.map(([ts]) => ts).join("\n"), lines.map(([, c]) => c).join("\n")];
  }

  #statement(depth: number): Both {
    this.#left--;
    const kind = depth <= 0 || this.#left < 0 ? this.below(5) : this.below(11);
    switch (kind) {
      case 0:
      case 1: {
        const signed = this.chance(2);
        const [ts, c] = this.int(signed, 3);
        const isLet = this.chance(2);
        const name = this.declare(signed, isLet);
        return [
          `${isLet ? "let" : "const"} ${name} = ${ts};`,
          `${signed ? "s64" : "u64"} ${name} = ${c};`,
        ];
      }
      case 2:
      case 3: {
        const lets = this.variables.filter(({ isLet }) => isLet);
        if (lets.length === 0) return this.#store(this.pick(Object.keys(GLOBALS) as never[]));
        const { name, signed } = this.pick(lets);
        if (this.chance(5)) {
          const step = this.pick(["++", "--"]);
          return [`${name}${step};`, `${name}${step};`];
        }
        const operator = this.pick(["", "+", "-", "*", "^", "|", "&"]);
        const [ts, c] = this.int(signed, 2);
        return [`${name} ${operator}= ${ts};`, `${name} ${operator}= ${c};`];
      }
      case 4:
        return this.#store(this.pick(Object.keys(GLOBALS) as never[]));
      case 5:
      case 6:
      case 7: {
        const [ts, c] = this.condition(2);
        const [yesTs, yesC] = this.#block(depth);
        if (this.chance(2)) return [`if (${ts}) {\n${yesTs}\n}`, `if (${c}) {\n${yesC}\n}`];
        const [noTs, noC] = this.#block(depth);
        return [
          `if (${ts}) {\n${yesTs}\n} else {\n${noTs}\n}`,
          `if (${c}) {\n${yesC}\n} else {\n${noC}\n}`,
        ];
      }
      case 8: {
        if (this.#loops >= 2) return this.#store("b64");
        const known = this.variables.length;
        const name = this.declare(true, false);
        const drawn = 2 + this.below(4);
        // With more rounds in nested loops the verifier rejects clang's program as too complex.
        const rounds = this.#loops === 0 ? drawn : 2;
        this.#loops++;
        const [bodyTs, bodyC] = this.#block(depth);
        this.#loops--;
        const [ts, c] = this.condition(1);
        const leave = this.pick(["break", "continue"]);
        this.variables.length = known;
        const head = `${name} = 0; ${name} < ${rounds}; ${name}++) {`;
        return [
          `for (let ${head}\nif (${ts}) ${leave};\n${bodyTs}\n}`,
          `for (s64 ${head}\nif (${c}) ${leave};\n${bodyC}\n}`,
        ];
      }
      case 9: {
        const [ts, c] = this.int(false, 2);
        const cases = Array.from({ length: 3 }, (_, i) => {
          const [bodyTs, bodyC] = this.#block(depth);
          const end = this.chance(3) ? "" : "break;";
          return [`case ${i}: {\n${bodyTs}\n} ${end}`, `case ${i}: {\n${bodyC}\n} ${end}`] as const;
        });
        const [restTs, restC] = this.#block(depth);
        return [
          `switch ((${ts}) & 3) {\n${
            cases.map(([text]) => text).join("\n")
          }\ndefault: {\n${restTs}\n}\n}`,
          `switch ((${c}) & 3) {\n${
            cases.map(([, text]) => text).join("\n")
          }\ndefault: {\n${restC}\n}\n}`,
        ];
      }
      default: {
        const [ts, c] = this.condition(2);
        return [`if (${ts}) return;`, `if (${c}) return 0;`];
      }
    }
  }

  #store(name: keyof typeof GLOBALS): Both {
    const [ts, c] = this.int(GLOBALS[name][1], 2);
    return [`out.${name} = ${ts};`, `${name} = ${c};`];
  }
}

/** The pair of functions for a seed. */
export function randomPair(seed: number, name: string): Pair {
  return new Statements(seed).function(name);
}

/** Arguments for a run: edge cases, small numbers and arbitrary ones. */
export function randomArguments(next: () => number): bigint[] {
  const edges = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn];
  const far = [1n << 63n, (1n << 63n) - 1n, (1n << 64n) - 1n, 1n << 32n];
  return Array.from({ length: 5 }, () => {
    const kind = next() % 4;
    if (kind === 0) return edges[next() % edges.length]!;
    if (kind === 1) return far[next() % far.length]!;
    if (kind === 2) return BigInt(next() % 200);
    return BigInt(next()) << 32n | BigInt(next());
  });
}
