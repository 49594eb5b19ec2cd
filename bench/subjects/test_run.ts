/** What our subjects share: running programs, the report. */
import { once } from "node:events";
import type { Program } from "../../mod.ts";
import { median } from "../median.ts";

/** Returns a function that runs a raw tracepoint's program with one argument. */
export function runner(program: Program): (argument: number) => void {
  const argumentsOf = new BigUint64Array(new ArrayBuffer(8));
  const context = new Uint8Array(argumentsOf.buffer);
  return (argument) => {
    argumentsOf[0] = BigInt(argument);
    program.run({ context });
  };
}

/** Says what was measured, in JSON, and waits until standard input ends. */
export async function report(figure: string, rates: readonly number[]): Promise<void> {
  console.log(JSON.stringify({ [figure]: median(rates) }));
  await once(process.stdin.resume(), "end");
}
