/**
 * Names for the keys of rubyallocs.bpf.c: classes, and lines of Ruby source.
 *
 * Names are cached: a class may be garbage collected later, and the process may end.
 *
 * @module
 */

import {
  type Bpf,
  type BpfMap,
  chars,
  type Global,
  i64,
  type Infer,
  struct,
  u32,
  u64,
} from "../../mod.ts";
import { address, anonymous, type RubyClasses } from "./classes.ts";

/** `struct key` of rubyallocs.bpf.c. */
export const Key = struct("key", {
  klass: u64,
  site: struct("site", { path: u64, line: u64.asNumber }),
});

const Name = struct("name", { length: u32, text: chars(252) });

/** Values that the kernel side uses in place of a class: see rubyallocs.bpf.c. */
const INTERNAL = new Map([[0n, "(hidden)"], [1n, "(imemo)"]]);
/** The line of objects that were allocated before the Ruby program began. */
const NO_LINE = "(no line)";

/** Names classes. */
export class ClassNames {
  readonly #known = new Map(INTERNAL);
  readonly #kept: BpfMap<bigint, Infer<typeof Name>>;

  /** Opens the map of names that the kernel side read. */
  constructor(bpf: Bpf) {
    this.#kept = bpf.map("names", u64, Name);
  }

  /** The best name for a class that is known at this time. */
  of(klass: bigint, classes: RubyClasses | undefined): string {
    const known = this.#known.get(klass);
    // An anonymous class may get a name later.
    if (known !== undefined && !known.startsWith("#<")) return known;
    const name = classes?.name(klass) ?? known ?? this.#kept.get(klass)?.text;
    if (name === undefined) return address(klass);
    const full = name === "" ? anonymous("Class", klass) : name;
    this.#known.set(klass, full);
    return full;
  }
}

/** Names lines. */
export class LineNames {
  readonly #known = new Map<string, string>();
  readonly #paths: BpfMap<bigint, Infer<typeof Name>>;
  readonly #contextAt: Global<bigint>;

  /** Opens the map of paths that the kernel side read. */
  constructor(bpf: Bpf) {
    this.#paths = bpf.map("paths", u64, Name);
    this.#contextAt = bpf.global("context_at", i64);
  }

  /** Whether the kernel side has found Ruby's execution context: see ruby_lines.h. */
  get areFound(): boolean {
    return this.#contextAt.value !== 0n;
  }

  /** `app.rb:12`; the path as Ruby stores it, only its end if it is very long. */
  of({ path, line }: Infer<typeof Key>["site"]): string {
    const key = `${path} ${line}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const file = this.#paths.get(path);
    if (!file) return NO_LINE;
    const name = line > 0 ? `${file.text}:${line}` : file.text;
    this.#known.set(key, name);
    return name;
  }
}
