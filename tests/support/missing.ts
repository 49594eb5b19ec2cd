/**
 * Runs a tool as if the kernel had missed TIMES events: `missing.ts TOOL TIMES ARGUMENTS…`. Tools read the
 * kernel's count by {@linkcode Bpf.misses} only, which is replaced here.
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
