/**
 * Parses the hooks of probe specifiers: `p::vfs_read`, `r:c:malloc`, `t:sched:sched_switch`,
 * `u:ruby:method__entry`.
 *
 * @module
 */

import type { Token } from "./c_tokens.ts";
import { ProbeError } from "./probe_error.ts";

/** A hook in a program, a library or the kernel. */
export type Hook =
  | {
    readonly kind: "entry" | "return";
    /** Undefined for the kernel. */
    readonly library: string | undefined;
    readonly name: string;
    /** Offset in the function in bytes. */
    readonly offset: number;
  }
  | { readonly kind: "tracepoint"; readonly category: string; readonly name: string }
  | { readonly kind: "usdt"; readonly library: string; readonly name: string };

/** A part of a specifier and its position. */
export type Part = Pick<Token, "text" | "at">;

/** Splits a specifier, which begins at `at` in the probe, at its colons. */
export function partsOf(text: string, at: number): Part[] {
  let place = at;
  return text.split(":").map((part) => {
    const found = { text: part, at: place };
    place += part.length + 1;
    return found;
  });
}

const FUNCTION = /^[A-Za-z_.$][\w.$@]*$/;
const EVENT = /^[A-Za-z_]\w*$/;
const KERNEL_FUNCTION = /^[A-Za-z_][\w.]*$/;

/**
 * The hook for a kind, library and name.
 *
 * @param kind `p` (or nothing), `r`, `t`, `u`; or `l`, a `p` in a library
 * @throws {ProbeError}
 */
export function hookOf(probe: string, kind: Part, library: Part, name: Part): Hook {
  switch (kind.text) {
    case "":
    case "p":
      return functionHook(probe, "entry", library, name);
    case "l":
      required(probe, library, "a library or a program");
      return functionHook(probe, "entry", library, name);
    case "r":
      return functionHook(probe, "return", library, name);
    case "t":
      for (const part of [library, name]) {
        if (EVENT.test(part.text)) continue;
        throw new ProbeError("expected a tracepoint: t:CATEGORY:EVENT", probe, part.at);
      }
      return { kind: "tracepoint", category: library.text, name: name.text };
    case "u":
      required(probe, library, "a library or a program");
      required(probe, name, "the name of a USDT probe");
      return { kind: "usdt", library: library.text, name: name.text };
    default:
      throw new ProbeError(
        "expected p (entry), r (return), t (tracepoint), u (USDT) or l (library) before the colon",
        probe,
        kind.at,
      );
  }
}

function required(probe: string, { text, at }: Part, what: string): void {
  if (text === "") throw new ProbeError(`expected ${what} here`, probe, at);
}

function functionHook(
  probe: string,
  kind: "entry" | "return",
  library: Part,
  { text, at }: Part,
): Hook {
  const plus = text.indexOf("+");
  const name = plus < 0 ? text : text.slice(0, plus);
  if (!(library.text === "" ? KERNEL_FUNCTION : FUNCTION).test(name)) {
    throw new ProbeError("expected the name of a function here", probe, at);
  }
  const place = { kind, library: library.text === "" ? undefined : library.text, name };
  if (plus < 0) return { ...place, offset: 0 };
  const offset = text.slice(plus + 1);
  if (!/^(0[xX][\da-fA-F]+|\d+)$/.test(offset) || !Number.isSafeInteger(Number(offset))) {
    throw new ProbeError("expected an offset in bytes: 12 or 0x1c", probe, at + plus + 1);
  }
  if (kind === "return") throw new ProbeError("a return has no offset", probe, at + plus);
  return { ...place, offset: Number(offset) };
}
