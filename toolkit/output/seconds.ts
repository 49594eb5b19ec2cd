/**
 * The column that tells seconds since the first event.
 *
 * @module
 */

import type { Column } from "./columns.ts";

/** `TIME(s)`, from times in ns (bpf_ktime_get_ns). */
export function secondsColumn<E extends { readonly time: number }>(
  { width, digits }: { readonly width: number; readonly digits: number },
): Column<E> {
  let first: number | undefined;
  const seconds = ({ time }: E) => (time - (first ??= time)) / 1e9;
  return {
    head: "TIME(s)",
    key: "time_s",
    width,
    digits,
    value: seconds,
  };
}
