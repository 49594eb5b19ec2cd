/**
 * The slot of a value in a log2 histogram.
 *
 * @module
 */

import type { Reg } from "../code/ir.ts";
import type { Program } from "./program.ts";

/** 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7 …: the bit length. */
export function log2Slot(program: Program, value: Reg): Reg {
  const { builder } = program;
  const [slot, rest] = [builder.register(), builder.register()];
  builder.move(slot, 0n);
  builder.move(rest, builder.copy(value));
  for (const bits of [32n, 16n, 8n, 4n, 2n, 1n]) {
    const [upper, next] = [builder.block(), builder.block()];
    const half = builder.alu("rsh", rest, bits) as Reg;
    builder.keep();
    builder.branch("ne", half, 0n, upper, next);
    builder.enter(upper);
    builder.move(slot, builder.alu("add", slot, bits));
    builder.move(rest, half);
    builder.enter(next);
  }
  // The rest is 0 or 1.
  return builder.alu("add", slot, rest) as Reg;
}
