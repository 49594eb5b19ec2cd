/**
 * What BTF does not hold: macros.
 *
 * Values are the kernel's interface to user space or have been the same for decades. Only what a
 * program mentions is written, with what that needs in turn.
 *
 * @module
 */

import { errnoName } from "../../../ffi/libc/errno.ts";
import type { Btf } from "../../btf/btf.ts";
import { BtfKind } from "../../btf/btf.ts";
import { functions } from "./functions.ts";
import { lazy } from "./lazy.ts";
import { OPTION_MACROS } from "./kernel_config.ts";

const SOCK_COMMON = ["family", "state", "daddr", "rcv_saddr", "num", "dport", "v6_daddr"]
  .concat(["v6_rcv_saddr", "bound_dev_if", "reuse", "reuseport", "ipv6only", "net", "hash"])
  .concat(["net_refcnt", "cookie", "prot", "portpair", "addrpair"]);

/** Macros, one a line as C has them; a name in front of a parenthesis takes arguments. */
const LINES = `
PAGE_MASK (~(PAGE_SIZE - 1))
TASK_COMM_LEN 16
TASK_RUNNING 0
TASK_INTERRUPTIBLE 1
TASK_UNINTERRUPTIBLE 2
PF_IDLE 2
PF_EXITING 4
PF_KTHREAD 0x200000
PATH_MAX 4096
NAME_MAX 255
IFNAMSIZ 16
DISK_NAME_LEN 32
UNIX_PATH_MAX 108
__NEW_UTS_LEN 64
XATTR_NAME_MAX 255
MODULE_NAME_LEN (64 - sizeof(unsigned long))
NSEC_PER_SEC 1000000000L
NSEC_PER_MSEC 1000000L
NSEC_PER_USEC 1000L
USEC_PER_MSEC 1000L
USEC_PER_SEC 1000000L
MSEC_PER_SEC 1000L
BITS_PER_LONG 64
BITS_PER_BYTE 8
BIT(n) (1UL << (n))
BIT_ULL(n) (1ULL << (n))
GENMASK(high, low) (~0UL >> (63 - (high)) & ~0UL << (low))
INT_MAX ((int)(~0U >> 1))
INT_MIN (-INT_MAX - 1)
UINT_MAX (~0U)
LONG_MAX ((long)(~0UL >> 1))
ULONG_MAX (~0UL)
U32_MAX ((u32)~0U)
U8_MAX ((u8)~0U)
U16_MAX ((u16)~0U)
S32_MAX ((s32)(U32_MAX >> 1))
S64_MAX ((s64)(U64_MAX >> 1))
U64_MAX ((u64)~0ULL)
MAX_ERRNO 4095
IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)
IS_ERR(x) IS_ERR_VALUE((unsigned long)(x))
PTR_ERR(x) ((long)(x))
MINORBITS 20
MINORMASK ((1U << MINORBITS) - 1)
MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
MINOR(dev) ((unsigned int)((dev) & MINORMASK))
MKDEV(ma, mi) (((ma) << MINORBITS) | (mi))
S_IFMT 00170000
S_IFSOCK 0140000
S_IFLNK 0120000
S_IFREG 0100000
S_IFBLK 0060000
S_IFDIR 0040000
S_IFCHR 0020000
S_IFIFO 0010000
S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)
S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
S_ISCHR(m) (((m) & S_IFMT) == S_IFCHR)
S_ISBLK(m) (((m) & S_IFMT) == S_IFBLK)
S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)
S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)
S_ISUID 0004000
S_ISGID 0002000
S_ISVTX 0001000
S_IRWXU 00700
S_IRUSR 00400
S_IWUSR 00200
S_IXUSR 00100
S_IRWXG 00070
S_IRWXO 00007
S_IALLUGO 0007777
O_RDONLY 0
O_WRONLY 1
O_RDWR 2
O_ACCMODE 3
O_CREAT 0100
O_EXCL 0200
O_TRUNC 01000
O_APPEND 02000
O_NONBLOCK 04000
O_DSYNC 010000
O_SYNC 04010000
O_NOATIME 01000000
O_PATH 010000000
O_TMPFILE (020000000 | O_DIRECTORY)
O_CLOEXEC 02000000
AT_FDCWD -100
AT_SYMLINK_NOFOLLOW 0x100
AT_REMOVEDIR 0x200
AT_EMPTY_PATH 0x1000
FMODE_READ 1
FMODE_WRITE 2
FMODE_EXEC 0x20
FMODE_CREATED 0x100000
READ 0
WRITE 1
ITER_SOURCE 1
ITER_DEST 0
MAY_EXEC 1
MAY_WRITE 2
MAY_READ 4
MAY_APPEND 8
MNT_FORCE 1
MNT_DETACH 2
MS_RDONLY 1
MS_NOSUID 2
MS_NODEV 4
MS_NOEXEC 8
MS_BIND 0x1000
MS_REC 0x4000
CLONE_VM 0x100
CLONE_FS 0x200
CLONE_FILES 0x400
CLONE_SIGHAND 0x800
CLONE_VFORK 0x4000
CLONE_PARENT 0x8000
CLONE_THREAD 0x10000
CLONE_NEWNS 0x20000
CLONE_NEWCGROUP 0x2000000
CLONE_NEWUTS 0x4000000
CLONE_NEWIPC 0x8000000
CLONE_NEWUSER 0x10000000
PROC_DYNAMIC_FIRST 0xF0000000U
CLONE_NEWPID 0x20000000
CLONE_NEWNET 0x40000000
AF_UNSPEC 0
AF_UNIX 1
AF_INET 2
AF_INET6 10
AF_VSOCK 40
AF_LOCAL 1
AF_NETLINK 16
AF_PACKET 17
PF_INET 2
PF_INET6 10
SOL_SOCKET 1
SCM_RIGHTS 1
SCM_CREDENTIALS 2
SO_REUSEADDR 2
SO_REUSEPORT 15
SOL_IP 0
SOL_TCP 6
SOL_UDP 17
SOL_IPV6 41
SOCK_MASK 0xf
IPPROTO_HOPOPTS 0
IPPROTO_ROUTING 43
IPPROTO_FRAGMENT 44
IPPROTO_ICMPV6 58
IPPROTO_NONE 59
IPPROTO_DSTOPTS 60
INADDR_ANY 0U
INADDR_LOOPBACK 0x7f000001U
MSG_PEEK 2
MSG_DONTWAIT 0x40
MSG_NOSIGNAL 0x4000
ETH_ALEN 6
ETH_HLEN 14
ETH_P_IP 0x0800
ETH_P_ARP 0x0806
ETH_P_8021Q 0x8100
ETH_P_8021AD 0x88A8
ETH_P_IPV6 0x86DD
ETH_P_ALL 0x0003
ETH_FRAME_LEN 1514
IP_MF 0x2000
IP_OFFSET 0x1FFF
IP_CE 0x8000
IP_DF 0x4000
TC_ACT_OK 0
TC_ACT_SHOT 2
TC_ACT_PIPE 3
TC_ACT_STOLEN 4
TC_ACT_REDIRECT 7
TC_ACT_UNSPEC (-1)
TC_ACT_RECLASSIFY 1
TC_ACT_TRAP 8
SIGHUP 1
SIGINT 2
SIGQUIT 3
SIGILL 4
SIGTRAP 5
SIGABRT 6
SIGBUS 7
SIGFPE 8
SIGKILL 9
SIGUSR1 10
SIGSEGV 11
SIGUSR2 12
SIGPIPE 13
SIGALRM 14
SIGTERM 15
SIGCHLD 17
SIGCONT 18
SIGSTOP 19
REQ_OP_BITS 8
REQ_OP_MASK ((1 << REQ_OP_BITS) - 1)
SECTOR_SHIFT 9
SECTOR_SIZE (1 << SECTOR_SHIFT)
PROT_READ 1
PROT_WRITE 2
PROT_EXEC 4
VM_READ 1
VM_WRITE 2
VM_EXEC 4
VM_SHARED 8
MAP_SHARED 1
MAP_PRIVATE 2
MAP_FIXED 0x10
MAP_ANONYMOUS 0x20
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

/** What the architecture says: flags of open(2), and where the kernel's own addresses begin. */
const ARCHITECTURE = process.arch === "arm64"
  ? `
O_DIRECTORY 040000
O_NOFOLLOW 0100000
O_DIRECT 0200000
`
  : `
O_DIRECT 040000
O_DIRECTORY 0200000
O_NOFOLLOW 0400000
__START_KERNEL_map 0xffffffff80000000UL
__PAGE_OFFSET_BASE_L4 0xffff888000000000UL
__PAGE_OFFSET_BASE_L5 0xff11000000000000UL
PAGE_OFFSET __PAGE_OFFSET_BASE_L4
`;

const HIGHEST_ERRNO = 133;

const lines = () => [
  ...`${LINES}${ARCHITECTURE}`.trim().split(/\n+/),
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
