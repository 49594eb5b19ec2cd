/**
 * What all attach functions share: turning libbpf's link, or its errno, into ours.
 *
 * @module
 */

import { errno } from "../../ffi/libc.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { BpfError } from "../errors.ts";
import { Link } from "../link.ts";

/** A loaded program as the attach functions need it. */
export interface Attachable {
  readonly name: string;
  /** The `struct bpf_program *`. */
  readonly handle: bigint;
}

/**
 * Wraps what a `bpf_program__attach_*` function returned.
 *
 * @param explain gives the likely cause of an errno and the fix
 * @throws {BpfError} for NULL
 */
export function linkOf(
  program: Attachable,
  description: string,
  handle: bigint,
  explain: (errno: number) => string | undefined,
): Link {
  if (handle === 0n) {
    const code = errno();
    const action = `attach program "${program.name}" to ${description}`;
    throw new BpfError("attach", action, code, explain(code));
  }
  return new Link(description, () => libbpf().bpf_link__destroy(handle));
}
