/**
 * Tracepoints of a pattern that can be counted without a perf event each: the kernel takes a tenth of a second to
 * release one, which for all system calls is a minute.
 *
 * @module
 */

import { type Bpf, BpfError, type Link, syscallNumber, u32 } from "../../mod.ts";
import { newLink } from "../../plumbing.ts";
import type { Machine } from "../machine/machine.ts";
import { requireFew, type TargetHooks } from "./pattern_hooks.ts";

/** As few may be perf events: they cost only those calls that they are on, and are released soon enough. */
const FEW = 4;
/** CALLS_MAX of funccount.bpf.c: what returns stands behind what is entered. */
const RETURNS = 1024;
/** Where the function that tracefs names its events after has not the name of its system call. */
const ALIASES: Readonly<Record<string, string>> = {
  newfstat: "fstat",
  newlstat: "lstat",
  newstat: "stat",
  newuname: "uname",
  sendfile64: "sendfile",
  umount: "umount2",
};

/** How the tracepoints of a pattern are attached. */
export interface TracepointWays {
  /** System calls, by their key in `call_matches`, with the place of their match. */
  readonly calls: ReadonlyMap<number, number>;
  /** Raw tracepoints, with that place. */
  readonly raw: ReadonlyMap<string, number>;
}

const NONE: TracepointWays = { calls: new Map(), raw: new Map() };

/** The key in `call_matches` of a system call's tracepoint; undefined where it is none, or not known. */
function callKey(tracepoint: string): number | undefined {
  const [, way, name] = /^syscalls\/sys_(enter|exit)_(\w+)$/.exec(tracepoint) ?? [];
  if (name === undefined) return undefined;
  const number = syscallNumber(ALIASES[name] ?? name);
  return number === undefined || way === "enter" ? number : RETURNS + number;
}

/** Chooses how. Of what is not in it perf events are left. */
export function tracepointWays({ target, places }: TargetHooks, machine: Machine): TracepointWays {
  if (target.kind !== "tracepoint" || places.length <= FEW) return NONE;
  const calls = new Map<number, number>();
  const raw = new Map<string, number>();
  const canTellApart = machine.hasRawCookies().answer === "yes";
  for (const [i, place] of (places as readonly string[]).entries()) {
    const key = callKey(place);
    if (key !== undefined) calls.set(key, i);
    else if (canTellApart && !place.startsWith("syscalls/")) raw.set(place, i);
  }
  return { calls: calls.size > FEW ? calls : NONE.calls, raw };
}

/** The programs to load for that, by the stem of {@linkcode programsFor}. */
export const rawPrograms = (stem: string, { calls, raw }: TracepointWays) => {
  const keys = [...calls.keys()];
  return {
    [`${stem}_raw_tracepoint`]: raw.size > 0,
    [`${stem}_call`]: keys.some((key) => key < RETURNS),
    [`${stem}_call_return`]: keys.some((key) => key >= RETURNS),
  };
};

/** Attaches so, and the rest by perf events; the link tells what could be attached. */
export function attachTracepointWays(
  bpf: Bpf,
  stem: string,
  hooks: TargetHooks,
  ways: TracepointWays,
): Link {
  const taken = attachRaw(bpf, stem, ways);
  const all = hooks.places as readonly string[];
  const rest = [...all.keys()].filter((place) => !taken.has(place));
  requireFew(hooks, rest.length);
  const targets = [...taken].map((place) => all[place]!);
  if (rest.length > 0) {
    const program = bpf.program(`${stem}_tracepoint`);
    const link = program.attachTracepoint(rest.map((place) => all[place]!), { cookies: rest });
    targets.push(...link.targets);
  }
  // Each link is the program's, which releases it.
  return newLink("tracepoints", () => {}, undefined, targets);
}

/** Returns the places that are taken. */
function attachRaw(bpf: Bpf, stem: string, { calls, raw }: TracepointWays): Set<number> {
  const taken = new Set<number>();
  const matches = bpf.map("call_matches", u32, u32);
  for (const [key, place] of calls) {
    matches.set(key, place + 1);
    taken.add(place);
  }
  for (const name of ["call", "call_return"]) bpf.programs.get(`${stem}_${name}`)?.attach();
  for (const [place, index] of raw) {
    const name = place.slice(place.indexOf("/") + 1);
    try {
      bpf.program(`${stem}_raw_tracepoint`).attachRawTracepoint(name, { cookie: BigInt(index) });
      taken.add(index);
    } catch (error) {
      // Events that somebody has defined, such as kprobes, are no tracepoints.
      if (!(error instanceof BpfError) || error.code !== "ENOENT") throw error;
    }
  }
  return taken;
}
