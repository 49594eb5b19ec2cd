/**
 * Random functions of the kernel's TypeScript, and the same in C.
 *
 * @module
 */

/** A function in both languages. */
export interface Pair {
  readonly typescript: string;
  readonly c: string;
}

/** Globals that both write, by name: bits and sign. */
export const GLOBALS = {
  a8: [8, false],
  b8: [8, true],
  a16: [16, false],
  b16: [16, true],
  a32: [32, false],
  b32: [32, true],
  a64: [64, false],
  b64: [64, true],
} as const;

/** What C has in front of the functions. Division is the kernel's: by zero it gives 0. */
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

/** A generator of numbers from 0 to 2^32 - 1 (xorshift32, then mixed). */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761 >>> 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state ^ state >>> 11) >>> 0;
  };
}

/** An expression, in TypeScript and in C. */
type Both = readonly [typescript: string, c: string];

interface Variable {
  readonly name: string;
  readonly signed: boolean;
  readonly isLet: boolean;
}

class Generator {
  readonly #next: () => number;
  readonly #variables: Variable[] = [];
  #names = 0;
  #loops = 0;
  #left = 14;

  constructor(seed: number) {
    this.#next = randomNumbers(seed);
  }

  function(name: string): Pair {
    const ts: string[] = [];
    // Volatile: clang would compute where in the context to read, which the verifier refuses.
    const c = Array.from({ length: 5 }, (_, i) => `u64 c${i} = *(volatile u64 *)(ctx + ${i});`);
    for (let i = 0; i < 4; i++) {
      const bits = this.#pick([8, 16, 32, 64]);
      const signed = this.#chance(2);
      const variable = this.#declare(signed, false);
      const fn = signed ? "signed" : "unsigned";
      const conversion = `${fn}(${fn}(ctx.args[${i}], ${bits}))`;
      ts.push(`const ${variable} = ${conversion};`);
      c.push(`${signed ? "s64" : "u64"} ${variable} = (${signed ? "s" : "u"}${bits})c${i};`);
    }
    const body = this.#statements(3, 5 + this.#below(4));
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
    const known = this.#variables.length;
    const made = Array.from({ length: count }, () => this.#statement(depth));
    this.#variables.length = known;
    return made;
  }

  #block(depth: number): Both {
    const lines = this.#statements(depth - 1, 1 + this.#below(3));
    return [lines.map(([ts]) => ts).join("\n"), lines.map(([, c]) => c).join("\n")];
  }

  #statement(depth: number): Both {
    this.#left--;
    const kind = depth <= 0 || this.#left < 0 ? this.#below(5) : this.#below(11);
    switch (kind) {
      case 0:
      case 1: {
        const signed = this.#chance(2);
        const [ts, c] = this.#int(signed, 3);
        const isLet = this.#chance(2);
        const name = this.#declare(signed, isLet);
        return [
          `${isLet ? "let" : "const"} ${name} = ${ts};`,
          `${signed ? "s64" : "u64"} ${name} = ${c};`,
        ];
      }
      case 2:
      case 3: {
        const lets = this.#variables.filter(({ isLet }) => isLet);
        if (lets.length === 0) return this.#store(this.#pick(Object.keys(GLOBALS) as never[]));
        const { name, signed } = this.#pick(lets);
        if (this.#chance(5)) {
          const step = this.#pick(["++", "--"]);
          return [`${name}${step};`, `${name}${step};`];
        }
        const operator = this.#pick(["", "+", "-", "*", "^", "|", "&"]);
        const [ts, c] = this.#int(signed, 2);
        return [`${name} ${operator}= ${ts};`, `${name} ${operator}= ${c};`];
      }
      case 4:
        return this.#store(this.#pick(Object.keys(GLOBALS) as never[]));
      case 5:
      case 6:
      case 7: {
        const [ts, c] = this.#condition(2);
        const [yesTs, yesC] = this.#block(depth);
        if (this.#chance(2)) return [`if (${ts}) {\n${yesTs}\n}`, `if (${c}) {\n${yesC}\n}`];
        const [noTs, noC] = this.#block(depth);
        return [
          `if (${ts}) {\n${yesTs}\n} else {\n${noTs}\n}`,
          `if (${c}) {\n${yesC}\n} else {\n${noC}\n}`,
        ];
      }
      case 8: {
        if (this.#loops >= 2) return this.#store("b64");
        const known = this.#variables.length;
        const name = this.#declare(true, false);
        const rounds = 2 + this.#below(4);
        this.#loops++;
        const [bodyTs, bodyC] = this.#block(depth);
        this.#loops--;
        const [ts, c] = this.#condition(1);
        const leave = this.#pick(["break", "continue"]);
        this.#variables.length = known;
        const head = `${name} = 0; ${name} < ${rounds}; ${name}++) {`;
        return [
          `for (let ${head}\nif (${ts}) ${leave};\n${bodyTs}\n}`,
          `for (s64 ${head}\nif (${c}) ${leave};\n${bodyC}\n}`,
        ];
      }
      case 9: {
        const [ts, c] = this.#int(false, 2);
        const cases = Array.from({ length: 3 }, (_, i) => {
          const [bodyTs, bodyC] = this.#block(depth);
          const end = this.#chance(3) ? "" : "break;";
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
        const [ts, c] = this.#condition(2);
        return [`if (${ts}) return;`, `if (${c}) return 0;`];
      }
    }
  }

  #store(name: keyof typeof GLOBALS): Both {
    const [ts, c] = this.#int(GLOBALS[name][1], 2);
    return [`out.${name} = ${ts};`, `${name} = ${c};`];
  }

  /** A number of 64 bits. */
  #int(signed: boolean, depth: number): Both {
    if (depth <= 0 || this.#chance(6)) return this.#leaf(signed);
    const cast = signed ? "s64" : "u64";
    switch (this.#below(13)) {
      case 0:
      case 1:
      case 2: {
        const operator = this.#pick(["+", "-", "*", "&", "|", "^"]);
        const [left, right] = [this.#int(signed, depth - 1), this.#right(signed, depth - 1)];
        return both(left, right, (a, b) => `(${a} ${operator} ${b})`);
      }
      case 3: {
        // Of both signs: the result is unsigned.
        if (signed) return this.#leaf(true);
        const operator = this.#pick(["+", "-", "*", "&", "|", "^"]);
        const [a, b] = [this.#int(false, depth - 1), this.#int(true, depth - 1)];
        return [`(${a[0]} ${operator} ${b[0]})`, `(${a[1]} ${operator} (u64)${b[1]})`];
      }
      case 4:
      case 5: {
        const operator = this.#pick(["/", "%"]);
        const fn = (signed ? "s" : "u") + (operator === "/" ? "div" : "mod");
        const [a, b] = [this.#int(signed, depth - 1), this.#right(signed, depth - 1)];
        return [`(${a[0]} ${operator} ${b[0]})`, `${fn}(${a[1]}, ${b[1]})`];
      }
      case 6: {
        const operator = this.#pick(["<<", ">>"]);
        const by = this.#chance(2) ? literal(this.#below(64)) : this.#shift(depth - 1);
        const [a, b] = [this.#int(signed, depth - 1), by];
        if (operator === ">>") return both(a, b, (x, y) => `(${x} >> ${y})`);
        return [`(${a[0]} << ${b[0]})`, `((${cast})((u64)${a[1]} << ${b[1]}))`];
      }
      case 7: {
        if (signed) return this.#leaf(true);
        const [a, b] = [this.#int(this.#chance(2), depth - 1), this.#shift(depth - 1)];
        return [`(${a[0]} >>> ${b[0]})`, `((u64)${a[1]} >> ${b[1]})`];
      }
      case 8: {
        const [ts, c] = this.#int(signed, depth - 1);
        const operator = this.#pick(["~", "-"]);
        return [`${operator}(${ts})`, `(${operator}(${c}))`];
      }
      case 9: {
        const [test, a, b] = [
          this.#condition(depth - 1),
          this.#int(signed, depth - 1),
          this.#int(signed, depth - 1),
        ];
        return [`(${test[0]} ? ${a[0]} : ${b[0]})`, `(${test[1]} ? ${a[1]} : ${b[1]})`];
      }
      case 10: {
        const bits = this.#pick([8, 16, 32]);
        const [ts, c] = this.#int(this.#chance(2), depth - 1);
        const sign = this.#chance(2);
        if (sign && !signed) return this.#leaf(false);
        const fn = sign ? "signed" : "unsigned";
        // Once more without bits: a narrow number goes with others of either sign.
        return [
          `${signed ? "signed" : "unsigned"}(${fn}(${ts}, ${bits}))`,
          `((${cast})(${sign ? "s" : "u"}${bits})${c})`,
        ];
      }
      case 11: {
        const [ts, c] = this.#int(!signed, depth - 1);
        return [`${signed ? "signed" : "unsigned"}(${ts})`, `((${cast})${c})`];
      }
      default: {
        const name = this.#pick(
          (Object.keys(GLOBALS) as (keyof typeof GLOBALS)[]).filter((each) =>
            GLOBALS[each][1] === signed
          ),
        );
        return [signed ? `out.${name}` : `unsigned(out.${name})`, `((${cast})${name})`];
      }
    }
  }

  #right(signed: boolean, depth: number): Both {
    if (!this.#chance(3)) return this.#int(signed, depth);
    const value = this.#pick([1, 2, 3, 7, 8, 10, 16, 100, 255, 256, 1000, 65535, 65536, 1000000]);
    if (signed && this.#chance(4)) return [`-${value}n`, `(-${value}LL)`];
    return [`${value}n`, `${value}LL`];
  }

  #shift(depth: number): Both {
    const [ts, c] = this.#int(false, depth);
    return [`(${ts} & 63n)`, `(${c} & 63)`];
  }

  #condition(depth: number): Both {
    if (depth > 0 && this.#chance(3)) {
      const operator = this.#pick(["&&", "||"]);
      return both(
        this.#condition(depth - 1),
        this.#condition(depth - 1),
        (a, b) => `(${a} ${operator} ${b})`,
      );
    }
    if (depth > 0 && this.#chance(6)) {
      const [ts, c] = this.#condition(depth - 1);
      return [`!${ts}`, `!${c}`];
    }
    const signed = this.#chance(2);
    const operator = this.#pick(["<", "<=", ">", ">=", "===", "!=="]);
    const inC = operator.replace(/==$/, "=");
    const [a, b] = [this.#int(signed, depth), this.#right(signed, depth)];
    return [`(${a[0]} ${operator} ${b[0]})`, `(${a[1]} ${inC} ${b[1]})`];
  }

  #leaf(signed: boolean): Both {
    const fitting = this.#variables.filter((variable) => variable.signed === signed);
    if (fitting.length > 0 && !this.#chance(5)) {
      const { name } = this.#pick(fitting);
      return [name, name];
    }
    const exotic = this.#pick([
      0x7fffffffn,
      0x80000000n,
      0xffffffffn,
      0x100000000n,
      0x7fffffffffffffffn,
      0x123456789abcdefn,
    ]);
    const value = this.#chance(3) ? exotic : BigInt(this.#below(1000));
    if (signed) {
      return this.#chance(3)
        ? [`signed(-${value}n)`, `(-${value}LL)`]
        : [`signed(${value}n)`, `((s64)${value}LL)`];
    }
    const n = this.#below(5);
    return [`(ctx.args[${n}] ^ ${value}n)`, `(c${n} ^ ${value}ULL)`];
  }

  #declare(signed: boolean, isLet: boolean): string {
    const name = `v${this.#names++}`;
    this.#variables.push({ name, signed, isLet });
    return name;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #below(limit: number): number {
    return this.#next() % limit;
  }

  #chance(of: number): boolean {
    return this.#below(of) === 0;
  }
}

const literal = (value: number): Both => [String(value), String(value)];

function both(left: Both, right: Both, join: (a: string, b: string) => string): Both {
  return [join(left[0], right[0]), join(left[1], right[1])];
}

/** The pair of a seed. */
export function randomPair(seed: number, name: string): Pair {
  return new Generator(seed).function(name);
}

/** Arguments for a run: numbers at the edges, small ones and others. */
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
