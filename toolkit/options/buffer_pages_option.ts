/**
 * `-b`: the size of the ring buffer.
 *
 * @module
 */

import type { Machine } from "../machine/machine.ts";
import { type Option, UsageError } from "./options.ts";

const RING_PAGES_MAX = 262144; // 1 GiB
const RING_PAGES_PER_CPU = 512;
const RING_PAGES_LEAST = 1024;
const RING_PAGES_MOST = 4096;

/**
 * Pages of the ring buffer: as `-b` says, or by the number of CPUs and many times bcc's default,
 * because dropping events costs more than memory. Not more, since the kernel allocates all of it at
 * the start, and it counts twice in the resident size: the ring is mapped twice in a row.
 */
export function ringPages(asked: number | undefined, machine: Machine): number {
  if (asked !== undefined) return asked;
  const wanted = 2 ** Math.ceil(Math.log2(machine.onlineCpus().length * RING_PAGES_PER_CPU));
  return Math.min(Math.max(wanted, RING_PAGES_LEAST), RING_PAGES_MOST);
}

/** `--buffer-pages`. */
export const bufferPagesOption: Option<number | undefined> = {
  short: "b",
  long: "buffer-pages",
  meta: "PAGES",
  help: `size of the ring buffer in 4 KiB pages, a power of two (default ` +
    `${RING_PAGES_PER_CPU} for each CPU, at least ${RING_PAGES_LEAST}, at most ${RING_PAGES_MOST})`,
  initial: undefined,
  parse(value) {
    const pages = /^\d+$/.test(value) ? Number(value) : 0;
    if (pages < 1 || pages > RING_PAGES_MAX || (pages & pages - 1) !== 0) {
      throw new UsageError(`expected a power of two from 1 to ${RING_PAGES_MAX} pages`);
    }
    return pages;
  },
};
