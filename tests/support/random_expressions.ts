/**
 * Random expressions in kernel TypeScript, and the same expressions in C.
 *
 * @module
 */

/** Globals that both functions write, by name: number of bits, and whether signed. */
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
export type Both = readonly [typescript: string, c: string];

interface Variable {
  readonly name: string;
  readonly signed: boolean;
  readonly isLet: boolean;
}

/** Makes random expressions of the declared variables. */
export class Expressions {
  readonly #next: () => number;
  protected readonly variables: Variable[] = [];
  #names = 0;

  constructor(seed: number) {
    this.#next = randomNumbers(seed);
  }

  /** An expression whose value is a 64-bit number. */
  protected int(signed: boolean, depth: number): Both {
    if (depth <= 0 || this.chance(6)) return this.#leaf(signed);
    const cast = signed ? "s64" : "u64";
    switch (this.below(13)) {
      case 0:
      case 1:
      case 2: {
        const operator = this.pick(["+", "-", "*", "&", "|", "^"]);
        const [left, right] = [this.int(signed, depth - 1), this.#right(signed, depth - 1)];
        return both(left, right, (a, b) => `(${a} ${operator} ${b})`);
      }
      case 3: {
        // With operands of both signs the result is unsigned.
        if (signed) return this.#leaf(true);
        const operator = this.pick(["+", "-", "*", "&", "|", "^"]);
        const [a, b] = [this.int(false, depth - 1), this.int(true, depth - 1)];
        return [`(${a[0]} ${operator} ${b[0]})`, `(${a[1]} ${operator} (u64)${b[1]})`];
      }
      case 4:
      case 5: {
        const operator = this.pick(["/", "%"]);
        const fn = (signed ? "s" : "u") + (operator === "/" ? "div" : "mod");
        const [a, b] = [this.int(signed, depth - 1), this.#right(signed, depth - 1)];
        return [`(${a[0]} ${operator} ${b[0]})`, `${fn}(${a[1]}, ${b[1]})`];
      }
      case 6: {
        const operator = this.pick(["<<", ">>"]);
        const by = this.chance(2) ? literal(this.below(64)) : this.#shift(depth - 1);
        const [a, b] = [this.int(signed, depth - 1), by];
        if (operator === ">>") return both(a, b, (x, y) => `(${x} >> ${y})`);
        return [`(${a[0]} << ${b[0]})`, `((${cast})((u64)${a[1]} << ${b[1]}))`];
      }
      case 7: {
        if (signed) return this.#leaf(true);
        const [a, b] = [this.int(this.chance(2), depth - 1), this.#shift(depth - 1)];
        // Kernel TypeScript refuses >>> on signed numbers.
        return [`(unsigned(${a[0]}) >>> ${b[0]})`, `((u64)${a[1]} >> ${b[1]})`];
      }
      case 8: {
        const [ts, c] = this.int(signed, depth - 1);
        const operator = this.pick(["~", "-"]);
        return [`${operator}(${ts})`, `(${operator}(${c}))`];
      }
      case 9: {
        const [test, a, b] = [
          this.condition(depth - 1),
          this.int(signed, depth - 1),
          this.int(signed, depth - 1),
        ];
        return [`(${test[0]} ? ${a[0]} : ${b[0]})`, `(${test[1]} ? ${a[1]} : ${b[1]})`];
      }
      case 10: {
        const bits = this.pick([8, 16, 32]);
        const [ts, c] = this.int(this.chance(2), depth - 1);
        const sign = this.chance(2);
        if (sign && !signed) return this.#leaf(false);
        const fn = sign ? "signed" : "unsigned";
        // Converted to 64 bits: a narrow number may be combined with numbers of either sign.
        return [
          `${signed ? "signed" : "unsigned"}(${fn}(${ts}, ${bits}))`,
          `((${cast})(${sign ? "s" : "u"}${bits})${c})`,
        ];
      }
      case 11: {
        const [ts, c] = this.int(!signed, depth - 1);
        return [`${signed ? "signed" : "unsigned"}(${ts})`, `((${cast})${c})`];
      }
      default: {
        const name = this.pick(
          (Object.keys(GLOBALS) as (keyof typeof GLOBALS)[]).filter((each) =>
            GLOBALS[each][1] === signed
          ),
        );
        return [signed ? `out.${name}` : `unsigned(out.${name})`, `((${cast})${name})`];
      }
    }
  }

  #right(signed: boolean, depth: number): Both {
    if (!this.chance(3)) return this.int(signed, depth);
    const value = this.pick([1, 2, 3, 7, 8, 10, 16, 100, 255, 256, 1000, 65535, 65536, 1000000]);
    if (signed && this.chance(4)) return [`-${value}n`, `(-${value}LL)`];
    return [`${value}n`, `${value}LL`];
  }

  #shift(depth: number): Both {
    const [ts, c] = this.int(false, depth);
    return [`(${ts} & 63n)`, `(${c} & 63)`];
  }

  protected condition(depth: number): Both {
    if (depth > 0 && this.chance(3)) {
      const operator = this.pick(["&&", "||"]);
      return both(
        this.condition(depth - 1),
        this.condition(depth - 1),
        (a, b) => `(${a} ${operator} ${b})`,
      );
    }
    if (depth > 0 && this.chance(6)) {
      const [ts, c] = this.condition(depth - 1);
      return [`!${ts}`, `!${c}`];
    }
    const signed = this.chance(2);
    const operator = this.pick(["<", "<=", ">", ">=", "===", "!=="]);
    const inC = operator.replace(/==$/, "=");
    const [a, b] = [this.int(signed, depth), this.#right(signed, depth)];
    return [`(${a[0]} ${operator} ${b[0]})`, `(${a[1]} ${inC} ${b[1]})`];
  }

  #leaf(signed: boolean): Both {
    const fitting = this.variables.filter((variable) => variable.signed === signed);
    if (fitting.length > 0 && !this.chance(5)) {
      const { name } = this.pick(fitting);
      return [name, name];
    }
    const exotic = this.pick([
      0x7fffffffn,
      0x80000000n,
      0xffffffffn,
      0x100000000n,
      0x7fffffffffffffffn,
      0x123456789abcdefn,
    ]);
    const value = this.chance(3) ? exotic : BigInt(this.below(1000));
    if (signed) {
      return this.chance(3)
        ? [`signed(-${value}n)`, `(-${value}LL)`]
        : [`signed(${value}n)`, `((s64)${value}LL)`];
    }
    const n = this.below(5);
    return [`(ctx.args[${n}] ^ ${value}n)`, `(c${n} ^ ${value}ULL)`];
  }

  protected declare(signed: boolean, isLet: boolean): string {
    const name = `v${this.#names++}`;
    this.variables.push({ name, signed, isLet });
    return name;
  }

  protected pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  protected below(limit: number): number {
    return this.#next() % limit;
  }

  protected chance(of: number): boolean {
    return this.below(of) === 0;
  }
}

const literal = (value: number): Both => [String(value), String(value)];

function both(left: Both, right: Both, join: (a: string, b: string) => string): Both {
  return [join(left[0], right[0]), join(left[1], right[1])];
}
