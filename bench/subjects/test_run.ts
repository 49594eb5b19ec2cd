/** Shared by the TypeScript subjects: running programs by BPF_PROG_TEST_RUN, and the report. */
import { once } from "node:events";
import type { Program } from "../../mod.ts";
import { median } from "../median.ts";

/** Returns a function that runs a raw tracepoint program with one argument. */
export function runner(program: Program): (argument: number) => void {
  const argumentsOf = new BigUint64Array(new ArrayBuffer(8));
  const context = new Uint8Array(argumentsOf.buffer);
  return (argument) => {
    argumentsOf[0] = BigInt(argument);
    program.run({ context });
  };
}

/** Prints the median as JSON under the name of the figure, and waits until standard input ends. */
export async function report(figure: string, rates: readonly number[]): Promise<void> {
  console.log(JSON.stringify({ [figure]: median(rates) }));
  await once(process.stdin.resume(), "end");
}
