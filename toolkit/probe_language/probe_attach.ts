/**
 * Attaching programs to the hooks of probe specifiers.
 *
 * @module
 */

import type { Bpf, Link, UsdtOptions } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { UsageError } from "../options/options.ts";
import { kernelFunction } from "./probe_code.ts";
import type { Hook } from "./probe_hook.ts";

/** The file of a hook; undefined for the kernel. @throws {UsageError} when there is no such file */
export function fileOf(
  hook: Hook,
  pid: number | undefined,
  machine: Machine,
): string | undefined {
  if (hook.kind === "tracepoint" || hook.library === undefined) return undefined;
  const path = machine.findFile(hook.library, pid);
  if (path !== undefined) return path;
  throw new UsageError(
    `there is no file, no library and no program in PATH called ${JSON.stringify(hook.library)}`,
  );
}

/** A USDT probe of a file, as the library takes it. */
export function usdtOptions(name: string, path: string, pid: number | undefined): UsdtOptions {
  return { name, path, ...onlyIn(pid) };
}

const onlyIn = (pid: number | undefined) => pid === undefined ? {} : { pid };

/**
 * Attaches a program to a hook.
 *
 * @param path the file of a user function or a USDT probe
 * @param pid for user functions and USDT probes, only in this process
 */
export function attachProbe(
  bpf: Bpf,
  program: string,
  hook: Hook,
  path: string | undefined,
  pid: number | undefined,
): Link {
  const loaded = bpf.program(program);
  if (hook.kind === "tracepoint") return loaded.attachTracepoint(hook.category, hook.name);
  if (hook.kind === "usdt") return loaded.attachUsdt(usdtOptions(hook.name, path!, pid));
  const { kind, name, offset } = hook;
  if (path !== undefined) {
    const place = { path, symbol: name, offset, atReturn: kind === "return" };
    return loaded.attachUprobe({ ...place, ...onlyIn(pid) });
  }
  const target = kernelFunction(name);
  return kind === "return"
    ? loaded.attachKretprobe(target)
    : loaded.attachKprobe(target, { offset });
}
