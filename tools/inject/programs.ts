/**
 * Generates the kernel side of `inject` for a call chain.
 *
 * @module
 */

import { fentry, fexit, hash, Kernel, modifyReturn, type ProgramDefinition } from "../../kernel.ts";
import { chars, struct, u32, u64 } from "../../mod.ts";
import { type Call, variable } from "./chain.ts";

/** A process that got an error. */
export const Process = struct("process", { pid: u32, comm: chars(16) });

/** Which calls fail. */
export interface Injection {
  /** The function that is made to fail. */
  readonly function: string;
  /** The value that the failing function returns. */
  readonly returns: number;
  /** The failing function's own predicate. */
  readonly own: Call | undefined;
  /** The functions that must be in flight, innermost first. */
  readonly callers: readonly Call[];
  /** The probability, from 0 to 1. */
  readonly probability: number;
  /** The maximum number of errors; undefined: unlimited. */
  readonly count: number | undefined;
  /** Only calls of this process fail; undefined: of any. */
  readonly pid: number | undefined;
  /** The tool's own PID: its calls never fail. */
  readonly tool: number;
}

/** The source of the programs, in TypeScript, by hook. */
export interface Texts {
  readonly enter: readonly string[];
  readonly leave: readonly string[];
  readonly fail: string;
}

/**
 * Generates the programs. They keep a depth by thread and caller: how many calls of that caller
 * whose predicate held are in flight.
 */
export function programTexts({ own, callers, ...options }: Injection): Texts {
  const outermostFirst = callers.toReversed();
  const last = callers.length - 1;
  const fail = [
    `if (pid() === ${options.tool}) return 0;`,
    ...options.pid === undefined ? [] : [`if (pid() !== ${options.pid}) return 0;`],
    ...last < 0 ? [] : [`if (!outside.depth_${last}.has(tid())) return 0;`],
    ...testLines(own, "return 0;"),
    ...options.probability >= 1
      ? []
      : [`if (random() >= ${Math.floor(options.probability * 2 ** 32)}) return 0;`],
    ...options.count === undefined ? [] : [`if (outside.injected >= ${options.count}) return 0;`],
    "outside.injected += 1n;",
    "outside.processes.increment({ pid: pid(), comm: comm() });",
    `return ${options.returns};`,
  ];
  return {
    enter: outermostFirst.map((call, i) =>
      functionOf([
        `const $ = outside.depth_${i}.get(tid());`,
        "if ($ !== undefined) {",
        `  outside.depth_${i}.set(tid(), $ + 1);`,
        "  return;",
        "}",
        ...i === 0 ? [] : [`if (!outside.depth_${i - 1}.has(tid())) return;`],
        ...testLines(call, "return;"),
        `outside.depth_${i}.set(tid(), 1);`,
      ])
    ),
    leave: outermostFirst.map((_, i) =>
      functionOf([
        `const $ = outside.depth_${i}.get(tid());`,
        "if ($ === undefined) return;",
        `if ($ > 1) outside.depth_${i}.set(tid(), $ - 1);`,
        `else outside.depth_${i}.delete(tid());`,
      ])
    ),
    fail: functionOf(fail),
  };
}

/** The kernel side. */
export function injectionCode(injection: Injection, texts: Texts): Kernel<Record<never, never>> {
  const names = injection.callers.map(({ function: name }) => name!).toReversed();
  const programs: Record<string, ProgramDefinition<never>> = {};
  names.forEach((name, i) => {
    programs[`enter_${i}`] = fentry(name, compiled(texts.enter[i]!));
    programs[`leave_${i}`] = fexit(name, compiled(texts.leave[i]!));
  });
  programs.fail = modifyReturn(injection.function, compiled(texts.fail));
  const depths = names.map((_, i) => [`depth_${i}`, hash(u32, u32, { entries: 10240 })] as const);
  return new Kernel({
    maps: { ...Object.fromEntries(depths), processes: hash(Process, u64, { entries: 10240 }) },
    globals: { injected: u64 },
    programs,
  });
}

const functionOf = (lines: readonly string[]) =>
  `(ctx, outside) => {\n${lines.map((line) => `  ${line}\n`).join("")}}`;

/** The lines that return `otherwise` unless the predicate holds. */
function testLines(call: Call | undefined, otherwise: string): string[] {
  if (!call?.test) return [];
  const { parameters, test } = call;
  const used = parameters.map((name, i) => [name, i] as const)
    .filter(([name]) => test.includes(variable(name)));
  return [
    ...used.map(([name, i]) => `const ${variable(name)} = ctx.args[${i}];`),
    `if (!(${test})) ${otherwise}`,
  ];
}

/** A function with this source, which is compiled for the kernel and never called here. */
const compiled = (text: string) => new Function(`"use strict"; return ${text};`)() as () => never;
