/**
 * Compiles a function's text to BPF instructions.
 *
 * @module
 */

import { emit, type Emitted } from "./code/emit.ts";
import { contextOf } from "./contexts/context.ts";
import type { ProgramDefinition } from "./language/hooks.ts";
import { checkFunction } from "./lower/calls.ts";
import { Again, type Outside, Program } from "./lower/program.ts";
import { returnValue } from "./lower/returns.ts";
import { Scope } from "./lower/scope.ts";
import { statements } from "./lower/statements.ts";
import { bind } from "./lower/declarations.ts";
import { PACKET_HOOKS, processId } from "./lower/builtins.ts";
import { silence } from "./lower/verdicts.ts";
import { Source } from "./language/source.ts";
import {
  type Expression,
  type FunctionNode,
  parseFunction,
  type Statement,
} from "./language/syntax.ts";

/** A compiled program. */
export interface CompiledProgram extends Emitted {
  readonly name: string;
  readonly source: Source;
}

/** Compiles one program. @throws {KernelCodeError} */
export function compileProgram(
  name: string,
  { hook, run, site }: ProgramDefinition<never>,
  outside: Outside,
): CompiledProgram {
  const source = new Source(name, Function.prototype.toString.call(run), site, run.name);
  const node = parseFunction(source);
  const unsigned = new Set<number>();
  for (;;) {
    const program = new Program(source, hook, outside, unsigned);
    try {
      lowerFunction(program, node);
      const emitted = emit(program.builder.finish());
      outside.prints.push(...program.prints);
      return { name, source, ...emitted };
    } catch (error) {
      if (error instanceof Again) continue;
      if (error instanceof RangeError && !("program" in error)) {
        throw source.error(node, error.message);
      }
      throw error;
    }
  }
}

/** Returns at once in processes other than the selected one. */
function onlyIn(program: Program): void {
  const { builder, outside: { pid }, hook } = program;
  if (pid === undefined || PACKET_HOOKS.has(hook.kind)) return;
  // An iterator runs in the process that reads it: its own options select processes.
  if (hook.kind === "iterator") return;
  const [wanted, other] = [builder.block(), builder.block()];
  builder.branch("eq", processId(program).reg, BigInt(pid), wanted, other);
  builder.enter(other);
  builder.exit(silence(program));
  builder.enter(wanted);
}

function lowerFunction(program: Program, node: FunctionNode): void {
  checkFunction(program, node);
  if (node.params.length > 2) {
    throw program.error(
      node.params[2]!,
      "a program takes two values: what its hook tells, and what comes from outside",
    );
  }
  onlyIn(program);
  const scope = new Scope();
  const [context, outside] = node.params;
  if (context) bind(program, context, contextOf(program), scope);
  if (outside) bind(program, outside, { kind: "outside" }, scope);
  if (node.body.type === "BlockStatement") {
    statements(program, node.body.body as readonly Statement[], scope);
  } else {
    returnValue(program, node, node.body as Expression, scope);
  }
  program.builder.exit(silence(program));
  for (const [name, place] of program.assigned) {
    if (!program.taken.has(name)) continue;
    throw program.error(
      place,
      `${name} is assigned to here and was taken from outside as a copy: use the object for both, ` +
        `outside.${name}`,
    );
  }
}
