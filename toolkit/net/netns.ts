/**
 * Network namespaces: of a socket, and the option that selects one (netns.h).
 *
 * @module
 */

import type { Column } from "../output/columns.ts";
import { flag, number, type Values } from "../options/options.ts";

const INODE_MAX = 4294967295;

/** The filter by network namespace. */
export const netnsFilter = {
  netns: number({
    long: "netns",
    meta: "INODE",
    help: "trace this network namespace only: the number that lsns -t net shows",
    what: "the inode of a namespace",
    min: 1,
    max: INODE_MAX,
  }),
} as const;

/** The filter, and the option to show namespaces. */
export const netnsOptions = {
  ...netnsFilter,
  printNetns: flag({ long: "print-netns", help: "include the network namespace on output" }),
} as const;

/** The globals of netns.h. */
export const netnsSettings = ({ netns = 0 }: Values<typeof netnsFilter>) => ({
  target_netns: netns,
});

/** The namespace, by inode. */
export const netnsColumn = <E extends { readonly netns: number }>(): Column<E> => ({
  head: "NETNS",
  width: 10,
  value: ({ netns }) => netns,
});
