/**
 * Which kernel headers a program is compiled with.
 *
 * @module
 */

import { exists, readText } from "../../../ffi/libc/files.ts";
import { getEnvironment } from "../../../ffi/libc/process_state.ts";
import { UnsupportedError } from "../../base/errors.ts";
import { VMLINUX } from "../../btf/kernel_btf.ts";

/** `system`: the installed ones; `btf`: made from the kernel's own description; or a folder. */
export type Headers = "system" | "btf" | (string & Record<never, never>);

/**
 * The environment variable that tells libbcc the folder of kernel headers; without it libbcc takes
 * those installed for the running kernel.
 */
const VARIABLE = "BCC_KERNEL_SOURCE";

/**
 * Decides, without generating anything: a folder, `btf`, or undefined to let libbcc find the
 * headers.
 *
 * By default the headers installed for the running kernel, if there are any, else its BTF.
 *
 * @throws {UnsupportedError} when the wanted ones are not there
 */
export function chooseHeaders(wanted: Headers | undefined, action: string): string | undefined {
  if (wanted === "btf") return requireBtf(action, "headers from BTF were asked for");
  if (wanted !== undefined && wanted !== "system") {
    if (isHeaders(wanted)) return absolute(wanted);
    throw new UnsupportedError(
      action,
      "kernel headers",
      `"${wanted}" holds no kernel headers: it has no include/linux/kconfig.h`,
    );
  }
  if (hasInstalledHeaders()) return undefined;
  if (wanted === undefined) return requireBtf(action, "no kernel headers are installed");
  throw new UnsupportedError(
    action,
    "kernel headers",
    `no headers of the running kernel ${release()} are installed: install them (Debian, Ubuntu: ` +
      'linux-headers-$(uname -r)), or use headers: "btf"',
  );
}

/** Whether libbcc finds kernel headers by itself. */
function hasInstalledHeaders(): boolean {
  const named = getEnvironment(VARIABLE);
  if (named !== undefined) return isHeaders(named);
  const modules = `/lib/modules/${release()}`;
  return isHeaders(`${modules}/source`) || isHeaders(`${modules}/build`);
}

function requireBtf(action: string, why: string): "btf" {
  if (exists(VMLINUX)) return "btf";
  throw new UnsupportedError(
    action,
    "BTF",
    `${why}, and this kernel has no BTF (${VMLINUX} is missing) to make them from: ` +
      "install the headers of the running kernel",
  );
}

const isHeaders = (folder: string) => exists(`${folder}/include/linux/kconfig.h`);

const release = () => readText("/proc/sys/kernel/osrelease").trim();

const absolute = (path: string) => path.startsWith("/") ? path : `${process.cwd()}/${path}`;
