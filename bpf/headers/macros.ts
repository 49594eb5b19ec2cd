/**
 * What BTF does not hold: macros, and the few functions that programs expect of kernel headers.
 *
 * Values are the kernel's interface to user space or have been the same for decades. Only what a
 * program mentions is written, with what that needs in turn.
 *
 * @module
 */

/** Types and macros that every program gets. */
export const BASE = `
typedef signed char s8, __s8; typedef unsigned char u8, __u8;
typedef short s16, __s16; typedef unsigned short u16, __u16;
typedef int s32, __s32; typedef unsigned int u32, __u32;
typedef long long s64, __s64; typedef unsigned long long u64, __u64;
typedef __u16 __be16, __le16, __sum16; typedef __u32 __be32, __le32, __wsum;
typedef __u64 __be64, __le64;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long uint64_t; typedef signed char int8_t; typedef short int16_t;
typedef int int32_t; typedef long int64_t;
typedef unsigned long size_t, uintptr_t; typedef long ssize_t, intptr_t, ptrdiff_t;
typedef long long loff_t; typedef int pid_t; typedef unsigned int uid_t, gid_t, gfp_t;
typedef unsigned short umode_t; typedef unsigned int dev_t; typedef unsigned long long sector_t;
typedef unsigned int uint; typedef unsigned long ulong; typedef unsigned short ushort;
typedef _Bool bool; typedef int key_t; typedef long long time64_t; typedef long long ktime_t;
typedef unsigned long kernel_ulong_t; typedef __u64 __aligned_u64 __attribute__((aligned(8)));
enum { false, true };
#define NULL ((void *)0)
#define __user
#define __kernel
#define __percpu
#define __rcu
#define __iomem
#define __force
#define __bitwise
#define __always_inline inline __attribute__((__always_inline__))
#define __maybe_unused __attribute__((__unused__))
#define __packed __attribute__((__packed__))
#define __aligned(x) __attribute__((__aligned__(x)))
#define noinline __attribute__((__noinline__))
#define asmlinkage
#define barrier() __asm__ __volatile__("" : : : "memory")
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define CONFIG_BPF_SYSCALL 1
#define CONFIG_64BIT 1
#define CONFIG_SMP 1
#define CONFIG_ARCH_HAS_SYSCALL_WRAPPER 1
`;

/** The names that {@linkcode BASE} defines. */
export const BASE_NAMES: ReadonlySet<string> = new Set(
  [...BASE.matchAll(/\b(?:typedef|#define)\b[^;\n]*/g)].flatMap(([line]) =>
    line.match(/[A-Za-z_]\w*/g)!
  ).concat("true", "false"),
);

/** What turns bytes around, by width: functions, since libbcc rewrites `f(sk->x)` but not macros. */
const SWAPS = {
  16: ["htons", "ntohs", "be16_to_cpu", "cpu_to_be16"],
  32: ["htonl", "ntohl", "be32_to_cpu", "cpu_to_be32"],
  64: ["be64_to_cpu", "cpu_to_be64"],
} as const;

/** What a socket is told to be, by function. */
const CASTS = {
  inet_sk: "inet_sock",
  tcp_sk: "tcp_sock",
  inet_csk: "inet_connection_sock",
  udp_sk: "udp_sock",
  unix_sk: "unix_sock",
} as const;

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
MODULE_NAME_LEN (64 - sizeof(unsigned long))
NSEC_PER_SEC 1000000000L
NSEC_PER_MSEC 1000000L
NSEC_PER_USEC 1000L
USEC_PER_SEC 1000000L
MSEC_PER_SEC 1000L
BITS_PER_LONG 64
BITS_PER_BYTE 8
BIT(n) (1UL << (n))
INT_MAX ((int)(~0U >> 1))
UINT_MAX (~0U)
LONG_MAX ((long)(~0UL >> 1))
ULONG_MAX (~0UL)
U32_MAX ((u32)~0U)
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
O_RDONLY 0
O_WRONLY 1
O_RDWR 2
O_ACCMODE 3
O_CREAT 0100
O_EXCL 0200
O_TRUNC 01000
O_APPEND 02000
O_NONBLOCK 04000
O_CLOEXEC 02000000
FMODE_READ 1
FMODE_WRITE 2
CLONE_VM 0x100
CLONE_FS 0x200
CLONE_FILES 0x400
CLONE_THREAD 0x10000
CLONE_NEWNS 0x20000
CLONE_NEWPID 0x20000000
CLONE_NEWNET 0x40000000
AF_UNSPEC 0
AF_UNIX 1
AF_INET 2
AF_INET6 10
AF_NETLINK 16
AF_PACKET 17
PF_INET 2
PF_INET6 10
SOL_SOCKET 1
SOCK_MASK 0xf
MSG_PEEK 2
MSG_DONTWAIT 0x40
ETH_ALEN 6
ETH_HLEN 14
ETH_P_IP 0x0800
ETH_P_ARP 0x0806
ETH_P_8021Q 0x8100
ETH_P_8021AD 0x88A8
ETH_P_IPV6 0x86DD
IP_MF 0x2000
IP_OFFSET 0x1FFF
TC_ACT_OK 0
TC_ACT_SHOT 2
TC_ACT_PIPE 3
TC_ACT_STOLEN 4
TC_ACT_REDIRECT 7
SIGHUP 1
SIGINT 2
SIGQUIT 3
SIGKILL 9
SIGUSR1 10
SIGSEGV 11
SIGPIPE 13
SIGTERM 15
SIGCHLD 17
EPERM 1
ENOENT 2
EINTR 4
EIO 5
EAGAIN 11
ENOMEM 12
EACCES 13
EFAULT 14
EBUSY 16
EEXIST 17
EINVAL 22
ENOSPC 28
EPIPE 32
ENOSYS 38
EINPROGRESS 115
REQ_OP_BITS 8
REQ_OP_MASK ((1 << REQ_OP_BITS) - 1)
PROT_READ 1
PROT_WRITE 2
PROT_EXEC 4
VM_READ 1
VM_WRITE 2
VM_EXEC 4
offsetof(type, member) __builtin_offsetof(type, member)
container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
list_entry(ptr, type, member) container_of(ptr, type, member)
hlist_entry(ptr, type, member) container_of(ptr, type, member)
sizeof_field(type, member) sizeof(((type *)0)->member)
ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
likely(x) __builtin_expect(!!(x), 1)
unlikely(x) __builtin_expect(!!(x), 0)
READ_ONCE(x) (*(volatile __typeof__(x) *)&(x))
WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
min(a, b) ((a) < (b) ? (a) : (b))
max(a, b) ((a) > (b) ? (a) : (b))
min_t(type, a, b) min((type)(a), (type)(b))
max_t(type, a, b) max((type)(a), (type)(b))
DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
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
CONFIG_NET_NS 1
CONFIG_IPV6 1
CONFIG_CGROUPS 1
CONFIG_MEMCG 1
CONFIG_NUMA 1
`;

/** Each name and the C line that defines it. */
export const MACROS: ReadonlyMap<string, string> = new Map([
  ...LINES.trim().split("\n").map((line) => [/^\w+/.exec(line)![0], `#define ${line}`] as const),
  ...SOCK_COMMON.map((field) =>
    [`sk_${field}`, `#define sk_${field} __sk_common.skc_${field}`] as const
  ),
  ...Object.entries(SWAPS).flatMap(([bits, names]) =>
    names.map((name) => [name, swap(name, bits)] as const)
  ),
  ...Object.entries(CASTS).map(([name, type]) => [name, cast(name, type)] as const),
]);

function cast(name: string, type: string): string {
  const result = `struct ${type} *`;
  return `static __always_inline ${result}${name}(const struct sock *sk) { return (${result})sk; }`;
}

function swap(name: string, bits: string): string {
  const type = `u${bits}`;
  return `static __always_inline ${type} ${name}(${type} x) { return __builtin_bswap${bits}(x); }`;
}
