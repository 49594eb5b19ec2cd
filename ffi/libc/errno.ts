/**
 * Names of errno values.
 *
 * @module
 */

// Numbers 1 to 133 of include/uapi/asm-generic/errno-base.h and errno.h; x86-64 and arm64 use
// them as they are. The two gaps (41, 58) are numbers that no error has.
const NAMES = (
  "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT " +
  "ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG " +
  "ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY " +
  "ELOOP ? ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT " +
  "EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT ? EBFONT ENOSTR ENODATA ETIME ENOSR " +
  "ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW " +
  "ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE " +
  "EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT " +
  "ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN " +
  "ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN " +
  "ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE " +
  "EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY " +
  "EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON"
).split(" ");

/** The kernel's internal "operation not supported", which bpf(2) lets out (include/linux/errno.h). */
export const ENOTSUPP = 524;

/** What the C library does not know: an error of the kernel's own, and enum libbpf_errno. */
const OTHERS: Readonly<Record<number, readonly [name: string, text: string]>> = {
  [ENOTSUPP]: ["ENOTSUPP", "Operation not supported"],
  4000: ["LIBBPF_ERRNO__LIBELF", "Something wrong in libelf"],
  4001: ["LIBBPF_ERRNO__FORMAT", "BPF object format invalid"],
  4002: ["LIBBPF_ERRNO__KVERSION", "'version' section incorrect or lost"],
  4003: ["LIBBPF_ERRNO__ENDIAN", "Endian mismatch"],
  4004: ["LIBBPF_ERRNO__INTERNAL", "Internal error in libbpf"],
  4005: ["LIBBPF_ERRNO__RELOC", "Relocation failed"],
  4006: ["LIBBPF_ERRNO__LOAD", "Failed to load program"],
  4007: ["LIBBPF_ERRNO__VERIFY", "Kernel verifier blocks program loading"],
  4008: ["LIBBPF_ERRNO__PROG2BIG", "Program too big"],
  4009: ["LIBBPF_ERRNO__KVER", "Incorrect kernel version"],
  4010: ["LIBBPF_ERRNO__PROGTYPE", "Kernel doesn't support this program type"],
};

/** The symbolic name of an errno: `errnoName(2)` is "ENOENT"; an unknown one is "errno 999". */
export function errnoName(errno: number): string {
  const name = NAMES[errno - 1] ?? OTHERS[errno]?.[0] ?? "?";
  return name === "?" ? `errno ${errno}` : name;
}

/** The number of an errno's name, as errors of the runtimes have it; 0 for one that is not known. */
export function errnoNumber(name: string): number {
  return name === "?" ? 0 : NAMES.indexOf(name) + 1;
}

/** The words for an errno that strerror(3) does not know, libbpf's among them. */
export function otherErrnoText(errno: number): string | undefined {
  return OTHERS[errno]?.[1];
}

/** Errno numbers by name, for comparisons. */
export const Errno: {
  readonly [
    name in
      | "EPERM"
      | "ENOENT"
      | "ESRCH"
      | "EINTR"
      | "EBADF"
      | "EAGAIN"
      | "ENOMEM"
      | "EACCES"
      | "EFAULT"
      | "EBUSY"
      | "EEXIST"
      | "ENODEV"
      | "EINVAL"
      | "EMFILE"
      | "ENOSPC"
      | "EPIPE"
      | "ENOSYS"
      | "E2BIG"
      | "EFBIG"
      | "ELOOP"
      | "ENOTSOCK"
      | "EOPNOTSUPP"
      | "ENETDOWN"
      | "ENXIO"
      | "EIO"
      | "ENOTDIR"
      | "EISDIR"
      | "ETXTBSY"
      | "EROFS"
      | "EDQUOT"
  ]: number;
} = {
  EPERM: 1,
  ENOENT: 2,
  ENXIO: 6,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENOSYS: 38,
  ELOOP: 40,
  ENOTSOCK: 88,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  EDQUOT: 122,
};
