/**
 * Names of Ruby frames, which the kernel side puts between native ones (ruby_frames.h).
 *
 * @module
 */

import { type Bpf, type BpfMap, bytes, type Infer, struct, u32 } from "../../mod.ts";
import { CodeKey } from "./code_key.ts";

const TEXT_BYTES = 256;

const Code = struct("ruby_code", {
  label_length: u32,
  path_length: u32,
  label: bytes(TEXT_BYTES),
  path: bytes(TEXT_BYTES),
});

/** Names bodies of Ruby's code. */
export class RubyNames {
  readonly #codes: BpfMap<CodeKey, Infer<typeof Code>>;

  /** @param bpf includes ruby_frames.h */
  constructor(bpf: Bpf) {
    this.#codes = bpf.map("ruby_codes", CodeKey, Code);
  }

  /** `ruby: block in run (file.rb:12)`; undefined for a body that the kernel side does not know. */
  nameOf(key: CodeKey, line: number): string | undefined {
    const code = this.#codes.get(key);
    if (!code) return undefined;
    const label = textOf(code.label, code.label_length) || "?";
    const path = textOf(code.path, code.path_length);
    // Of code that is no file: `(eval at /app/run.rb:32)`.
    const file = path.startsWith("(") ? path : path.slice(path.lastIndexOf("/") + 1);
    return `ruby: ${label} (${file}${line > 0 ? `:${line}` : ""})`;
  }
}

const textOf = (bytes: Uint8Array, length: number) => {
  return new TextDecoder().decode(bytes.subarray(0, length));
};
