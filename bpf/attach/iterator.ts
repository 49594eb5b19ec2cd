/**
 * Attaching iterators: programs that the kernel runs for each object of a kind when they are read.
 *
 * @module
 */

import { libbcc } from "../../ffi/libbcc.ts";
import type { Link } from "../link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Attaches an iterator over objects of that kind: `task`. Needs Linux >= 5.8. */
export function attachIterator(program: Attachable, target: string): Link {
  const fd = libbcc().bcc_iter_attach(program.fd("TRACING"), null, 0);
  return linkOf(program, `iterator ${target}`, fd, () => undefined, { pinnable: true });
}
