/**
 * The hooks of probes, as kernel code in TypeScript has them.
 *
 * @module
 */

import type { KernelHook } from "../../../compiler.ts";
import { usdtOptions } from "../probe_attach.ts";
import { kernelFunction } from "../probe_code.ts";
import type { Hook } from "../probe_hook.ts";

/** The hook of a program; `attachProbe()` attaches it. */
export function kernelHook(
  hook: Hook,
  path: string | undefined,
  pid: number | undefined,
): KernelHook {
  switch (hook.kind) {
    case "tracepoint":
      return hook;
    case "usdt":
      return { kind: "usdt", options: usdtOptions(hook.name, path!, pid) };
    case "return":
      if (path === undefined) return { kind: "kretprobe", name: kernelFunction(hook.name) };
      return { kind: "uretprobe", options: undefined };
    case "entry":
      if (path === undefined) return { kind: "kprobe", name: kernelFunction(hook.name) };
      return { kind: "uprobe", options: undefined };
  }
}
