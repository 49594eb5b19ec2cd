/**
 * The inline functions that programs expect of kernel headers.
 *
 * They are functions even where a macro would do, because libbcc rewrites the argument of a call
 * `f(sk->x)`, but not those of macros. It does not rewrite the bodies of these functions, so they
 * take pointers to memory that a program has copied.
 *
 * @module
 */

import { lazy } from "./lazy.ts";

/** Byte order conversions by width; libbcc itself defines `bpf_ntohs` and the like. */
const SWAPS = {
  16: ["htons", "ntohs", "be16_to_cpu", "cpu_to_be16"],
  32: ["htonl", "ntohl", "be32_to_cpu", "cpu_to_be32"],
  64: ["be64_to_cpu", "cpu_to_be64"],
} as const;

/** Socket conversions by function name: `tcp_sk(sk)` is a cast. */
const CASTS = {
  inet_sk: "inet_sock",
  tcp_sk: "tcp_sock",
  inet_csk: "inet_connection_sock",
  udp_sk: "udp_sock",
  unix_sk: "unix_sock",
} as const;

/** One a line: the result's type, then the function. */
const LINES = `
u64 div_u64(u64 dividend, u32 divisor) { return dividend / divisor; }
u64 div64_u64(u64 dividend, u64 divisor) { return dividend / divisor; }
bool skb_rx_queue_recorded(const struct sk_buff *skb) { return skb->queue_mapping != 0; }
u16 skb_get_rx_queue(const struct sk_buff *skb) { return skb->queue_mapping - 1; }
u16 skb_get_queue_mapping(const struct sk_buff *skb) { return skb->queue_mapping; }
unsigned int skb_headlen(const struct sk_buff *skb) { return skb->len - skb->data_len; }
bool sg_is_chain(const struct scatterlist *sg) { return sg->page_link & 1; }
bool sg_is_last(const struct scatterlist *sg) { return sg->page_link & 2; }
struct scatterlist *sg_chain_ptr(const struct scatterlist *sg) { return (struct scatterlist *)(sg->page_link & ~3UL); }
struct page *sg_page(const struct scatterlist *sg) { return (struct page *)(sg->page_link & ~3UL); }
`;

const define = (text: string) => `static __always_inline ${text}`;

/** Each function's name and its definition. */
export const functions: () => ReadonlyMap<string, string> = lazy(() =>
  new Map([
    ...LINES.trim().split("\n").map((line) => [/(\w+)\(/.exec(line)![1]!, define(line)] as const),
    ...Object.entries(SWAPS).flatMap(([bits, names]) =>
      names.map((name) => [name, swap(name, bits)] as const)
    ),
    ...Object.entries(CASTS).map(([name, type]) => [name, cast(name, type)] as const),
  ])
);

function cast(name: string, type: string): string {
  const result = `struct ${type} *`;
  return define(`${result}${name}(const struct sock *sk) { return (${result})sk; }`);
}

function swap(name: string, bits: string): string {
  const type = `u${bits}`;
  return define(`${type} ${name}(${type} x) { return __builtin_bswap${bits}(x); }`);
}
