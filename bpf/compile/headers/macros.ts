/**
 * What BTF does not hold: macros, and with them the constants of constants.ts.
 *
 * Only what a program mentions is written, with what that needs in turn.
 *
 * @module
 */

import { errnoName } from "../../../ffi/libc/errno.ts";
import type { Btf } from "../../btf/btf.ts";
import { BtfKind } from "../../btf/btf.ts";
import { CONSTANTS } from "./constants.ts";
import { functions } from "./functions.ts";
import { lazy } from "./lazy.ts";
import { OPTION_MACROS } from "./kernel_config.ts";

const SOCK_COMMON = ["family", "state", "daddr", "rcv_saddr", "num", "dport", "v6_daddr"]
  .concat(["v6_rcv_saddr", "bound_dev_if", "reuse", "reuseport", "ipv6only", "net", "hash"])
  .concat(["net_refcnt", "cookie", "prot", "portpair", "addrpair"]);

/** Macros that stand for code, one a line as C has them; a name in front of a parenthesis takes arguments. */
const LINES = `
offsetof(type, member) __builtin_offsetof(type, member)
container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
list_first_entry(head, type, member) list_entry((head)->next, type, member)
list_entry(ptr, type, member) container_of(ptr, type, member)
hlist_entry(ptr, type, member) container_of(ptr, type, member)
sizeof_field(type, member) sizeof(((type *)0)->member)
offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))
static_assert(expression, ...) _Static_assert(expression, #expression)
BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
typeof __typeof__
ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
likely(x) __builtin_expect(!!(x), 1)
unlikely(x) __builtin_expect(!!(x), 0)
READ_ONCE(x) (*(volatile __typeof__(x) *)&(x))
WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
min(a, b) ((a) < (b) ? (a) : (b))
max(a, b) ((a) > (b) ? (a) : (b))
min_t(type, a, b) min((type)(a), (type)(b))
max_t(type, a, b) max((type)(a), (type)(b))
clamp(value, low, high) min(max(value, low), high)
clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)
swap(a, b) do { __typeof__(a) __swapped = (a); (a) = (b); (b) = __swapped; } while (0)
DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
ALIGN(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
roundup(x, y) (((x) + (y) - 1) / (y) * (y))
rounddown(x, y) ((x) - (x) % (y))
lower_32_bits(n) ((u32)(n))
upper_32_bits(n) ((u32)((n) >> 32))
swab16(x) __builtin_bswap16(x)
swab32(x) __builtin_bswap32(x)
swab64(x) __builtin_bswap64(x)
folio_page(folio, n) (&(folio)->page + (n))
inet_daddr sk.__sk_common.skc_daddr
inet_rcv_saddr sk.__sk_common.skc_rcv_saddr
inet_dport sk.__sk_common.skc_dport
inet_num sk.__sk_common.skc_num
ip_hdr(skb) ((struct iphdr *)((skb)->head + (skb)->network_header))
ipv6_hdr(skb) ((struct ipv6hdr *)((skb)->head + (skb)->network_header))
tcp_hdr(skb) ((struct tcphdr *)((skb)->head + (skb)->transport_header))
udp_hdr(skb) ((struct udphdr *)((skb)->head + (skb)->transport_header))
eth_hdr(skb) ((struct ethhdr *)((skb)->head + (skb)->mac_header))
s6_addr in6_u.u6_addr8
s6_addr16 in6_u.u6_addr16
s6_addr32 in6_u.u6_addr32
i_size_read(inode) ((inode)->i_size)
`;

const HIGHEST_ERRNO = 133;

const lines = () => [
  ...`${CONSTANTS}${LINES}`.trim().split(/\n+/),
  ...OPTION_MACROS,
  ...Array.from({ length: HIGHEST_ERRNO }, (_, i) => `${errnoName(i + 1)} ${i + 1}`)
    .filter((line) => /^E/.test(line)),
  "EWOULDBLOCK EAGAIN",
];

/** Each name and the C text that defines it. */
export const macros: () => ReadonlyMap<string, string> = lazy(() =>
  new Map([
    ...lines().map((line) => [/^\w+/.exec(line)![0], `#define ${line}`] as const),
    ...SOCK_COMMON.map((field) =>
      [`sk_${field}`, `#define sk_${field} __sk_common.skc_${field}`] as const
    ),
    ...functions(),
  ])
);

/**
 * Members that later kernels renamed: `dentry->d_iname` of kernels before 6.14 is in a union since.
 */
export function memberMacros(btf: Btf): ReadonlyMap<string, string> {
  const id = btf.find("dentry", BtfKind.STRUCT);
  const names = id === undefined ? [] : btf.members(id).map(({ name }) => name);
  const inUnion = names.includes("d_shortname");
  return new Map([
    ...(inUnion ? [["d_iname", "#define d_iname d_shortname.string"] as const] : []),
    ["DNAME_INLINE_LEN", "#define DNAME_INLINE_LEN sizeof(((struct dentry *)0)->d_iname)"],
  ]);
}
