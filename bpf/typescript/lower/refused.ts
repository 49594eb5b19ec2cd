/**
 * Errors for syntax that the language lacks.
 *
 * @module
 */

import type { Node } from "../language/syntax.ts";

/** The error message for a node. */
export function refusal(node: Node): string {
  return REFUSED[node.type] ?? `${node.type} is not in the language`;
}

const REFUSED: Readonly<Record<string, string>> = {
  NewExpression: "there is no memory to make objects in: use a map, or a const object of emit()",
  ThisExpression: "there is no this: what comes from outside comes as the second parameter",
  AwaitExpression: "programs in the kernel do not wait: await where the events are read",
  YieldExpression: "programs in the kernel do not wait: emit events instead of yield",
  TaggedTemplateExpression: "tagged templates are not in the language: use plain texts",
  TryStatement: "there are no exceptions in the kernel: what may be missing is undefined",
  ThrowStatement: "there are no exceptions in the kernel: return, or emit an event",
  WhileStatement: "the kernel wants to see that a loop ends: write for (let i = 0; i < 100; i++) " +
    "and break when it is done",
  DoWhileStatement:
    "the kernel wants to see that a loop ends: write for (let i = 0; i < 100; i++) " +
    "and break when it is done",
  ForInStatement: "names of fields are not known to a program: name each field",
  ClassDeclaration: "there are no classes: use a struct of kernel({ … })",
  ClassExpression: "there are no classes: use a struct of kernel({ … })",
  WithStatement: "with is not in the language",
  LabeledStatement: "labels are not in the language: return from a local function instead",
  ImportExpression: "a program is its function's own text: nothing can be imported in it",
  MetaProperty: "a program is its function's own text: it belongs to no module",
  SpreadElement: "name each field instead of spreading an object",
  DebuggerStatement: "there is no debugger in the kernel: emit an event",
};
