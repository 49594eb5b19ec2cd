/**
 * Parses the tokens of a C expression into a typed tree.
 *
 * @module
 */

import { addressOf, advance, placeBehind, promoted, scalarOf, valueOf, wrap } from "./convert.ts";
import { cast, choose, member, operation } from "./operators.ts";
import { primary } from "./primary.ts";
import { type KnownBytes, NotKnown, type Tree } from "./tree.ts";
import {
  beginsType,
  describeInC,
  isTypeName,
  pointerTo,
  S32,
  sizeInC,
  type TypeInC,
  typeOfWords,
  U64,
  type VariableInC,
} from "./types.ts";

/** A token and its position. */
export interface WordInC {
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}

/** The names that an expression can use. */
export interface ScopeInC {
  readonly variables: ReadonlyMap<string, VariableInC>;
  /** The text argument of STRCMP. */
  compare(literal: WordInC): KnownBytes;
}

/** Binary operators by precedence, lowest first. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
/** Nesting limit. */
const MAX_DEPTH = 200;

/** Parses an expression. @throws {NotKnown} */
export function parseInC(words: readonly WordInC[], scope: ScopeInC): Tree {
  const parser = new Parser(words, scope);
  const tree = parser.expression();
  if (parser.next) throw new NotKnown(`expected the end before "${parser.next.text}"`, parser.at);
  return tree;
}

/** A recursive-descent parser. */
export class Parser {
  readonly scope: ScopeInC;
  readonly #words: readonly WordInC[];
  #index = 0;
  #depth = 0;

  constructor(words: readonly WordInC[], scope: ScopeInC) {
    this.#words = words;
    this.scope = scope;
  }

  /** The next token, undefined at the end. */
  get next(): WordInC | undefined {
    return this.#words[this.#index];
  }

  /** The position of the next token. */
  get at(): number {
    const last = this.#words.at(-1);
    return this.next?.at ?? (last ? last.at + last.text.length : 0);
  }

  /** Consumes a symbol if it comes next. */
  takes(text: string): boolean {
    if (this.next?.kind !== "symbol" || this.next.text !== text) return false;
    this.#index++;
    return true;
  }

  /** Consumes a symbol. @throws {NotKnown} when another token comes */
  expect(text: string): void {
    if (!this.takes(text)) throw new NotKnown(`expected "${text}"`, this.at);
  }

  /** Consumes any token. @throws {NotKnown} at the end */
  word(): WordInC {
    const { next } = this;
    if (!next) throw new NotKnown("expected expression", this.at);
    this.#index++;
    return next;
  }

  /** An expression without commas. */
  expression(): Tree {
    if (++this.#depth > MAX_DEPTH) throw new NotKnown("expressions are nested too deeply", this.at);
    const tree = this.#conditional();
    this.#depth--;
    return tree;
  }

  #conditional(): Tree {
    const at = this.at;
    const condition = this.#binary(0);
    if (!this.takes("?")) return condition;
    // GNU C's a ?: b
    if (this.next?.text === ":") throw new NotKnown("expected expression", this.at);
    const places = [this.at];
    const a = this.expression();
    this.expect(":");
    places.push(this.at);
    const b = this.expression();
    const tested = scalarOf(condition, at, "operand");
    return choose(tested, scalarOf(a, places[0]!, "operand"), scalarOf(b, places[1]!, "operand"));
  }

  #binary(level: number): Tree {
    if (level === LEVELS.length) return this.unary();
    const start = this.at;
    let left = this.#binary(level + 1);
    for (;;) {
      const { next } = this;
      if (next?.kind !== "symbol" || !LEVELS[level]!.includes(next.text)) return left;
      this.word();
      const place = this.at;
      const right = this.#binary(level + 1);
      left = operation(next, left, start, right, place);
    }
  }

  /** Unary operators and their operand. */
  unary(): Tree {
    if (++this.#depth > MAX_DEPTH) throw new NotKnown("expressions are nested too deeply", this.at);
    const tree = this.#unary();
    this.#depth--;
    return tree;
  }

  #unary(): Tree {
    const start = this.at;
    if (this.takes("+")) return promoted(this.unary(), start);
    const isNegated = this.takes("-");
    if (isNegated || this.takes("~")) {
      const op = isNegated ? "negate" : "complement";
      const of = promoted(this.unary(), start);
      if (of.op === "constant") {
        const value = wrap(isNegated ? -of.value : ~of.value, of.type);
        return { op: "constant", value, type: of.type };
      }
      return { op, of, type: of.type };
    }
    if (this.takes("!")) {
      return { op: "not", of: scalarOf(this.unary(), start, "argument"), type: S32 };
    }
    if (this.takes("*")) return this.#behind(valueOf(this.unary(), start), 0, start);
    if (this.takes("&")) {
      const of = this.unary();
      if (of.op !== "place" || of.bits) {
        throw new NotKnown("cannot take the address of this", start);
      }
      return addressOf(of, pointerTo(of.type));
    }
    if (this.next?.text === "sizeof") return this.#sizeof();
    const type = this.#castType();
    if (!type) return this.#postfix();
    return cast(this.unary(), type, start);
  }

  /** Dereferences a pointer. */
  #behind(pointer: Tree, offset: number, at: number): Tree {
    if (pointer.type.kind !== "pointer") {
      const type = describeInC(pointer.type);
      throw new NotKnown(`indirection requires pointer operand ('${type}' invalid)`, at);
    }
    return placeBehind(pointer, offset, pointer.type.to());
  }

  #postfix(): Tree {
    const start = this.at;
    let tree = primary(this);
    for (;;) {
      const at = this.at;
      if (this.takes("[")) {
        const index = promoted(this.expression(), at);
        this.expect("]");
        const pointer = valueOf(tree, start);
        if (pointer.type.kind !== "pointer") {
          throw new NotKnown("subscripted value is not an array or pointer", start);
        }
        tree = this.#behind(advance(pointer, index, 1n, at), 0, start);
      } else if (this.next?.text === "->" || this.next?.text === ".") {
        const isArrow = this.word().text === "->";
        const pointer = isArrow && tree.op !== "context" ? valueOf(tree, start) : tree;
        tree = member(isArrow ? this.#behind(pointer, 0, start) : pointer, this.word());
      } else if (this.takes("@")) {
        // arg1@user: programs recognize user addresses themselves.
        this.word();
      } else return tree;
    }
  }

  #sizeof(): Tree {
    const { at } = this.word();
    const type = this.#castType() ?? this.unary().type;
    const size = sizeInC(type);
    if (size === undefined) {
      throw new NotKnown(`invalid application of 'sizeof' to '${describeInC(type)}'`, at);
    }
    return { op: "constant", value: BigInt(size), type: U64 };
  }

  /** A parenthesized type, if one comes next. */
  #castType(): TypeInC | undefined {
    const first = this.#words[this.#index + 1];
    if (this.next?.text !== "(" || first?.kind !== "name") return undefined;
    const behind = this.#words[this.#index + 2]?.text;
    const isType = beginsType(first.text) ||
      !this.scope.variables.has(first.text) && (behind === ")" || behind === "*") &&
        isTypeName(first.text);
    if (!isType) return undefined;
    const at = this.word().at + 1;
    const words: string[] = [];
    while (!this.takes(")")) words.push(this.word().text);
    const type = typeOfWords(words);
    if (!type) throw new NotKnown(`unknown type name '${words.join(" ")}'`, at);
    return type;
  }
}
