/**
 * Expressions of probes in programs compiled without libbcc; unknown names are shown in the probe.
 *
 * @module
 */

import { UnsupportedError } from "../../../mod.ts";
import {
  branchInC,
  type CodeOperand,
  convertInC,
  copyMemory,
  lowerInC,
  NotKnown,
  parseInC,
  pointerTo,
  type ProgramWriter,
  type Reg,
  scalarOf,
  spaceOf,
  type Tree,
  type TypeInC,
  type VariableInC,
  VOID_IN_C,
} from "../../../compiler.ts";
import { type Expression, knownBytes } from "../expression.ts";
import { ProbeError } from "../probe_error.ts";

/** A typed expression, and the line by which the verifier's log refers to it. */
export interface TypedExpression {
  readonly tree: Tree;
  readonly line: number;
}

/** The lines that stand for a program's expressions; the first is the probe's own. */
export class Lines {
  readonly #lines: string[];

  constructor(probe: string) {
    this.#lines = [probe.replaceAll(/\s+/g, " ")];
  }

  /** Allocates a line number. */
  add(line: string): number {
    return this.#lines.push(line.replaceAll(/\s+/g, " ")) - 1;
  }

  get text(): string {
    return this.#lines.join("\n");
  }
}

/**
 * Resolves the types in an expression.
 *
 * @param line its line in the C text, by whose mark errors are located
 * @throws {NotHere} when it uses something unknown
 */
export function typed(
  expression: Expression,
  variables: ReadonlyMap<string, VariableInC>,
  isBinary: boolean,
  line: number,
): TypedExpression {
  const { probe, tokens } = expression;
  return explained(probe, tokens[0]!.at, () => {
    const compare = (literal: { kind: string; text: string; at: number }) => {
      if (literal.kind !== "string") throw new NotKnown("expected a text", literal.at);
      const bytes = knownBytes(probe, { ...literal, kind: "string" }, isBinary);
      return { bytes, isPrefix: isBinary };
    };
    const tree = parseInC(tokens, { variables, compare });
    return { tree: scalarOf(tree, tokens[0]!.at, "argument"), line };
  });
}

/**
 * The error, at its position in the probe, for an expression that the compiler of kernel TypeScript
 * does not know; libbcc may compile it.
 */
export class NotHere extends ProbeError {
  override name = "NotHere";
}

/**
 * Runs `find`, and turns its errors about unknown names and types into errors at their position in
 * the probe.
 * @throws {NotHere}
 */
export function explained<T>(probe: string, place: number, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof NotKnown) {
      const { message, at } = error;
      const said = message.startsWith("this ") ? message : `this does not compile: ${message}`;
      throw new NotHere(said, probe, at);
    }
    // The expression uses kernel types, and the kernel has no BTF.
    if (error instanceof UnsupportedError) throw new NotHere(error.message, probe, place);
    throw error;
  }
}

/** Returns from the program unless an expression is true. */
export function endUnless(program: ProgramWriter, { tree, line }: TypedExpression): void {
  const { builder } = program;
  builder.line = line;
  const [yes, no] = [builder.block(), builder.block()];
  branchInC(program, tree, yes, no);
  builder.enter(no);
  builder.exit(0n);
  builder.enter(yes);
}

/** The value of an expression as a type. */
export function valueAs(
  program: ProgramWriter,
  { tree, line }: TypedExpression,
  type: TypeInC,
): CodeOperand {
  program.builder.line = line;
  return lowerInC(program, convertInC(tree, type));
}

/** Copies the text that an expression points to; an empty one if it cannot be read. */
export function storeText(
  program: ProgramWriter,
  { tree, line }: TypedExpression,
  to: Reg | { readonly slot: number },
  offset: number,
  size: number,
): void {
  const { builder } = program;
  builder.line = line;
  const address = lowerInC(program, convertInC(tree, pointerTo(VOID_IN_C)));
  builder.keep();
  builder.store(to, offset, 1, 0n);
  if (address === 0n) return;
  const space = spaceOf(tree);
  if (space === "kernel") {
    copyMemory(program, "text", space, address, to, offset, size);
    return;
  }
  const [there, end] = [builder.block(), builder.block()];
  const at = typeof address === "number" ? address : builder.copy(address);
  builder.keep();
  builder.branch("ne", at, 0n, there, end);
  builder.enter(there);
  copyMemory(program, "text", space, at, to, offset, size);
  builder.enter(end);
}
