/**
 * The subset of ESTree (the standard syntax tree of JavaScript) that this compiler accepts, and its
 * parser.
 *
 * @module
 */

import { parse } from "npm:acorn@8.19.0";
import type { Source } from "./source.ts";

/** The common part of nodes: kind and position. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** An expression; `type` is its kind. */
export type Expression =
  | Identifier
  | Literal
  | Template
  | Unary
  | Update
  | Binary
  | Assignment
  | Conditional
  | Call
  | MemberAccess
  | Chain
  | ObjectLiteral
  | ArrayLiteral
  | Sequence
  | FunctionNode
  | Parenthesized;

export interface Identifier extends Node {
  readonly type: "Identifier";
  readonly name: string;
}
export interface Literal extends Node {
  readonly type: "Literal";
  readonly value: unknown;
  readonly raw: string;
  readonly bigint?: string;
}
export interface Template extends Node {
  readonly type: "TemplateLiteral";
  readonly quasis: readonly (Node & { readonly value: { readonly cooked: string } })[];
  readonly expressions: readonly Expression[];
}
export interface Unary extends Node {
  readonly type: "UnaryExpression";
  readonly operator: string;
  readonly argument: Expression;
}
export interface Update extends Node {
  readonly type: "UpdateExpression";
  readonly operator: "++" | "--";
  readonly prefix: boolean;
  readonly argument: Expression;
}
export interface Binary extends Node {
  readonly type: "BinaryExpression" | "LogicalExpression";
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Assignment extends Node {
  readonly type: "AssignmentExpression";
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Conditional extends Node {
  readonly type: "ConditionalExpression";
  readonly test: Expression;
  readonly consequent: Expression;
  readonly alternate: Expression;
}
export interface Call extends Node {
  readonly type: "CallExpression";
  readonly callee: Expression;
  readonly arguments: readonly Expression[];
  readonly optional?: boolean;
}
export interface MemberAccess extends Node {
  readonly type: "MemberExpression";
  readonly object: Expression;
  readonly property: Expression;
  readonly computed: boolean;
  readonly optional?: boolean;
}
export interface Chain extends Node {
  readonly type: "ChainExpression";
  readonly expression: Expression;
}
export interface Parenthesized extends Node {
  readonly type: "ParenthesizedExpression";
  readonly expression: Expression;
}
export interface Property extends Node {
  readonly type: "Property";
  readonly key: Expression;
  readonly value: Expression;
  readonly computed: boolean;
  readonly kind: string;
}
export interface ObjectLiteral extends Node {
  readonly type: "ObjectExpression";
  readonly properties: readonly (Property | (Node & { readonly type: "SpreadElement" }))[];
}
export interface ArrayLiteral extends Node {
  readonly type: "ArrayExpression";
  readonly elements: readonly (Expression | null)[];
}
export interface Sequence extends Node {
  readonly type: "SequenceExpression";
  readonly expressions: readonly Expression[];
}

/** A binding pattern. */
export type Pattern =
  | Identifier
  | (Node & { readonly type: "ObjectPattern"; readonly properties: readonly PatternProperty[] })
  | (Node & { readonly type: "ArrayPattern"; readonly elements: readonly (Pattern | null)[] })
  | (Node & { readonly type: "AssignmentPattern" | "RestElement" });

/** `name` or `name: pattern` in an object pattern. */
export interface PatternProperty extends Node {
  readonly type: "Property" | "RestElement";
  readonly key: Expression;
  readonly value: Pattern;
  readonly computed: boolean;
}

/** A function in any of its forms. */
export interface FunctionNode extends Node {
  readonly type: "FunctionExpression" | "ArrowFunctionExpression" | "FunctionDeclaration";
  readonly id?: Identifier | null;
  readonly params: readonly Pattern[];
  readonly body: Expression | Block;
  readonly async: boolean;
  readonly generator: boolean;
}

/** A statement; `type` is its kind. */
export type Statement =
  | Block
  | (Node & { readonly type: "ExpressionStatement"; readonly expression: Expression })
  | Declaration
  | (Node & {
    readonly type: "IfStatement";
    readonly test: Expression;
    readonly consequent: Statement;
    readonly alternate?: Statement | null;
  })
  | For
  | ForOf
  | (Node & { readonly type: "ReturnStatement"; readonly argument?: Expression | null })
  | (Node & {
    readonly type: "BreakStatement" | "ContinueStatement";
    readonly label?: Identifier | null;
  })
  | Switch
  | FunctionNode & { readonly type: "FunctionDeclaration" }
  | (Node & { readonly type: "EmptyStatement" });

export interface Block extends Node {
  readonly type: "BlockStatement";
  readonly body: readonly Statement[];
}
export interface Declaration extends Node {
  readonly type: "VariableDeclaration";
  readonly kind: "const" | "let" | "var" | "using" | "await using";
  readonly declarations: readonly (Node & {
    readonly id: Pattern;
    readonly init?: Expression | null;
  })[];
}
export interface For extends Node {
  readonly type: "ForStatement";
  readonly init?: Declaration | Expression | null;
  readonly test?: Expression | null;
  readonly update?: Expression | null;
  readonly body: Statement;
}
export interface ForOf extends Node {
  readonly type: "ForOfStatement";
  readonly left: Declaration | Pattern;
  readonly right: Expression;
  readonly body: Statement;
  readonly await: boolean;
}
export interface Switch extends Node {
  readonly type: "SwitchStatement";
  readonly discriminant: Expression;
  readonly cases: readonly SwitchCase[];
}
export interface SwitchCase extends Node {
  readonly test?: Expression | null;
  readonly consequent: readonly Statement[];
}

/**
 * Parses a function's text: an arrow function, a function expression or a method. @throws
 * {KernelCodeError}
 */
export function parseFunction(source: Source): FunctionNode {
  const { text } = source;
  if (/\[native code\]\s*\}\s*$/.test(text)) {
    throw source.error(
      { start: 0, end: text.length },
      "the runtime does not tell this function's text: give the function itself, not one that " +
        "bind() made",
    );
  }
  // A method's text is no expression by itself, but is inside an object literal.
  const forms = [["(", ")"], ["({", "})"]] as const;
  let problem: unknown;
  for (const [before, after] of forms) {
    try {
      const program = parse(before + text + after, { ecmaVersion: "latest" }) as unknown as {
        body: { expression: Expression }[];
      };
      source.begin = before.length;
      const { expression } = program.body[0]!;
      const found = expression.type === "ObjectExpression"
        ? (expression.properties[0] as Property | undefined)?.value
        : expression;
      if (found?.type === "FunctionExpression" || found?.type === "ArrowFunctionExpression") {
        return found;
      }
      throw source.error({ start: 0, end: text.length }, "it is no function");
    } catch (error) {
      if (!(error instanceof SyntaxError) || !("pos" in error)) throw error;
      problem ??= error;
    }
  }
  const { message, pos } = problem as SyntaxError & { pos: number };
  source.begin = 1;
  throw source.error({ start: pos, end: pos + 1 }, message.replace(/ \(\d+:\d+\)$/, ""));
}

/**
 * Offsets the positions of a function's nodes behind those of all other texts, for shared
 * functions.
 */
export function moveBehind(node: FunctionNode, source: Source): void {
  const by = source.moveBehind();
  const moved = new Set<unknown>(); // a node may occur twice in the tree (shorthand properties)
  const move = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(move);
    if (typeof value !== "object" || value === null || !("type" in value)) return;
    if (moved.has(value)) return;
    moved.add(value);
    const place = value as unknown as { start: number; end: number };
    place.start += by;
    place.end += by;
    Object.values(value).forEach(move);
  };
  move(node);
}
