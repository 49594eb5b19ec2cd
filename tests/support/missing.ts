/**
 * Runs a tool whose kernel left its programs out: `missing.ts TOOL TIMES ARGUMENTS…`. What the kernel counts
 * is told by {@linkcode Bpf.misses} alone, which is made to say so here.
 *
 * @module
 */

import process from "node:process";
import { Bpf } from "../../mod.ts";
import { main } from "../../toolkit/run/main.ts";
import { tools } from "../../tools/list.ts";

const [name, times] = process.argv.splice(2, 2) as [string, string];
Object.defineProperty(Bpf.prototype, "misses", { get: () => Number(times) });
await main((await tools[name]!()).default);
