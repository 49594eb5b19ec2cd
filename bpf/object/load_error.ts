/**
 * Why an object did not load, in words.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { takeWarnings } from "../../ffi/libbpf.ts";
import { exists } from "../../ffi/libc/files.ts";
import {
  BpfError,
  permissionReason,
  TOO_MANY_FILES,
  UnsupportedError,
  VerifierError,
} from "../base/errors.ts";

/**
 * Makes the error for an errno of bpf_object__load, from libbpf's warnings and the verifier's log.
 *
 * @param logOf the verifier's log for a program; when the failed program is unknown, the last log
 * written
 */
export function loadFailure(
  name: string,
  code: number,
  logOf: (program: string) => string,
): Error {
  const action = `load object "${name}"`;
  const warnings = takeWarnings();
  const failed = warnings.map((line) =>
    /prog '([^']+)': (?:BPF program load failed|failed to load)/.exec(line)?.[1]
  )
    .find((program) => program !== undefined);
  const log = logOf(failed ?? "");
  if (code === Errno.EPERM || code === Errno.EACCES) {
    // Without a log the kernel refused it before verification.
    if (log === "") return new BpfError("load", action, code, permissionReason());
  }
  if (code === Errno.EMFILE) return new BpfError("load", action, code, TOO_MANY_FILES);
  if (!exists("/sys/kernel/btf/vmlinux") && warnings.some((line) => /\bBTF\b/.test(line))) {
    return new UnsupportedError(
      action,
      "BTF",
      "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing), which tells where the " +
        "kernel's structs have their members: use a kernel built with CONFIG_DEBUG_INFO_BTF, as " +
        "Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have",
    );
  }
  if (failed && log !== "") return new VerifierError(failed, code, log);
  const telling = warnings.find((line) => !/failed to load object/.test(line));
  return new BpfError("load", action, code, telling?.replace(/^libbpf: /, ""));
}
