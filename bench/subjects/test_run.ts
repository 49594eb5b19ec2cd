/** What our subjects share: running programs, the report. */
import { once } from "node:events";
import { libbpf } from "../../ffi/libbpf.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import type { Program } from "../../mod.ts";
import { median } from "../median.ts";

/** struct bpf_test_run_opts: sz at byte 0, ctx_in at 32, ctx_size_in at 48. */
const OPTIONS_SIZE = 80;

/** Returns a function that runs a raw tracepoint's program with one argument. */
export function runner({ fd }: Program): (argument: number) => void {
  const context = new BigUint64Array(new ArrayBuffer(8));
  const options = new DataView(new ArrayBuffer(OPTIONS_SIZE));
  const bytes = new Uint8Array(options.buffer);
  options.setBigUint64(0, BigInt(OPTIONS_SIZE), true);
  options.setBigUint64(32, runtime.addressOf(new Uint8Array(context.buffer)), true);
  options.setUint32(48, 8, true);
  return (argument) => {
    context[0] = BigInt(argument);
    const result = libbpf().bpf_prog_test_run_opts(fd, bytes);
    if (result < 0) throw new Error(`The test run failed: ${-result}`);
  };
}

/** Says what was measured, in JSON, and waits until standard input ends. */
export async function report(figure: string, rates: readonly number[]): Promise<void> {
  console.log(JSON.stringify({ [figure]: median(rates) }));
  await once(process.stdin.resume(), "end");
}
