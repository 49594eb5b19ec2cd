/**
 * Patterns of functions, tracepoints and USDT probes, as bcc's tools take them.
 *
 *     vfs_*            kernel functions                 p::vfs_*  p:vfs_*
 *     c:malloc         functions of a library           p:c:malloc
 *     ./app:ns::f*     functions of a program, also by demangled names
 *     r::vfs_read      returns of kernel functions      r:c:malloc  of user functions
 *     t:sched:*fork    tracepoints
 *     u:ruby-3.1:gc__* USDT probes                      u:ruby-3.1:ruby:gc__*  of one provider
 *
 * `*` matches anything. With -r patterns are regular expressions, anchored at the beginning.
 *
 * @module
 */

import { UsageError } from "../options/options.ts";

/** A parsed pattern. */
export interface Target {
  /** The pattern as typed. */
  readonly text: string;
  readonly kind: "kernel" | "user" | "tracepoint" | "usdt";
  /** The program or library as typed; empty for the kernel. */
  readonly file: string;
  /** The expression that names must match; for tracepoints names are `category:name`. */
  readonly pattern: RegExp;
  /**
   * Whether it is matched against demangled names such as `ns::f(int)`, or names prefixed by
   * `provider:`.
   */
  readonly isQualified: boolean;
  readonly atReturn: boolean;
}

const FORMS = "FUNCTION, FILE:FUNCTION, r:FILE:FUNCTION, t:CATEGORY:EVENT or u:FILE:PROBE";

/** Parses a pattern. @throws {UsageError} */
export function parseTarget(
  text: string | undefined,
  { regexp = false }: { readonly regexp?: boolean } = {},
): Target {
  if (text === undefined) throw new UsageError(`expected a pattern: ${FORMS}`);
  const [, letter = "p", rest = ""] = /^(?:([prtu]):)?(.*)$/s.exec(text)!;
  const kind = letter === "t" ? "tracepoint" : letter === "u" ? "usdt" : "user";
  const [, before, behind] = /^([^:]*):(.*)$/s.exec(rest) ?? [];
  const [file, name] = kind === "tracepoint" ? ["", rest] : [before ?? "", behind ?? rest];
  const isWhole = kind === "user" || behind !== undefined && before !== "" && behind !== "";
  if (name === "" || !isWhole || file !== "" && name.startsWith(":")) {
    throw new UsageError(`invalid pattern ${JSON.stringify(text)}: expected ${FORMS}`);
  }
  return {
    text,
    kind: kind === "user" && file === "" ? "kernel" : kind,
    file,
    pattern: regexp ? expression(name, text) : glob(name),
    isQualified: name.includes(kind === "usdt" ? ":" : "::"),
    atReturn: letter === "r",
  };
}

const ESCAPED = /[.+?^${}()|[\]\\]/g;

/** An expression for whole names with `*` as wildcard. */
export function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(ESCAPED, "\\$&").replaceAll("*", ".*")}$`, "s");
}

/** An expression anchored at the beginning, as in bcc's tools. @throws {UsageError} */
function expression(source: string, text: string): RegExp {
  try {
    return new RegExp(`^(?:${source})`);
  } catch (error) {
    throw new UsageError(`invalid pattern ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

/** An expression for whole names with shell wildcards: `*`, `?`, `[abc]`, `[!abc]` (fnmatch(3)). */
export function wildcards(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[^[]|\[/gs, (part, not: string, set: string) => {
    if (set !== undefined) return `[${not && "^"}${set.replace(/[\\^]/g, "\\$&")}]`;
    return part === "*" ? ".*" : part === "?" ? "." : part.replace(ESCAPED, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}
