/**
 * The error for an object that did not load, with the likely cause.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { takeWarnings } from "../../ffi/libbpf.ts";
import {
  BpfError,
  permissionReason,
  TOO_MANY_FILES,
  UnsupportedError,
  VerifierError,
} from "../base/errors.ts";
import { exists } from "../../ffi/libc/files.ts";
import { hasMapType, structHasField } from "../features.ts";
import type { MapType } from "../tables/map_type.ts";

/** What is looked up about an object that did not load. */
export interface FailedObject {
  /** The verifier's log for a program; when the failed program is unknown, the last log written. */
  readonly logOf: (program: string) => string;
  /** The type of a map. */
  readonly mapType: (map: string) => string | undefined;
}

/** Helpers that came after Linux 5.10, by number (enum bpf_func_id of include/uapi/linux/bpf.h). */
const LATER_HELPERS: Readonly<Record<string, readonly [name: string, since: string]>> = {
  156: ["bpf_task_storage_get", "5.11"],
  157: ["bpf_task_storage_delete", "5.11"],
  158: ["bpf_get_current_task_btf", "5.11"],
  164: ["bpf_for_each_map_elem", "5.13"],
  165: ["bpf_snprintf", "5.13"],
  174: ["bpf_get_attach_cookie", "5.15"],
  175: ["bpf_task_pt_regs", "5.15"],
  181: ["bpf_loop", "5.17"],
  182: ["bpf_strncmp", "5.17"],
  183: ["bpf_get_func_arg", "5.17"],
  184: ["bpf_get_func_ret", "5.17"],
};

/** Types of maps that came after Linux 5.10. */
const LATER_MAPS: Readonly<Record<string, string>> = {
  TASK_STORAGE: "5.11",
  BLOOM_FILTER: "5.16",
  USER_RINGBUF: "6.1",
  CGRP_STORAGE: "6.2",
};

/**
 * Makes the error for an errno of bpf_object__load, from libbpf's warnings and the verifier's log.
 */
export function loadFailure(
  name: string,
  code: number,
  { logOf, mapType }: FailedObject,
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
  const lack = (failed === undefined ? undefined : lackOfProgram(failed, log)) ??
    lackOfMaps(warnings, mapType);
  if (lack) return new UnsupportedError(action, lack.feature, lack.reason, lack.since);
  if (failed && log !== "") return new VerifierError(failed, code, log);
  const telling = warnings.find((line) => !/failed to load object/.test(line));
  return new BpfError("load", action, code, telling?.replace(/^libbpf: /, ""));
}

interface Lack {
  readonly feature: string;
  readonly reason: string;
  readonly since: string;
}

/** Whether the kernel has modules but no BTF of them: before Linux 5.11. */
export const lacksModuleTypes = (): boolean =>
  exists("/proc/modules") && structHasField("module", "btf_data").answer === "no";

/** What an old kernel lacks, if the verifier's log says so. */
export function lackOfProgram(program: string, log: string): Lack | undefined {
  const number = /^(?:unknown|invalid) func \w+#(\d+)$/m.exec(log)?.[1];
  const helper = number === undefined ? undefined : LATER_HELPERS[number];
  if (helper) {
    const [feature, since] = helper;
    const reason = `this kernel has no ${feature}(), which program "${program}" calls`;
    return { feature, reason, since };
  }
  if (/^Arg#\d+ type PTR in \w+\(\) is not supported yet/m.test(log)) {
    const feature = "functions that take pointers";
    const reason = `this kernel has no ${feature}, and program "${program}" has such`;
    return { feature, reason, since: "5.12" };
  }
  if (/^number of funcs in func_info doesn't match number of subprogs/m.test(log)) {
    const feature = "functions that helpers call";
    const reason = `this kernel has no ${feature}, and program "${program}" has such`;
    return { feature, reason, since: "5.13" };
  }
  const [, type] = /failed to resolve CO-RE relocation <\w+> \[\d+\] (\w+ \w+)/.exec(log) ?? [];
  if (type !== undefined && lacksModuleTypes()) {
    const feature = "types of modules";
    const reason = `this kernel tells no ${feature}, and has no ${type} outside of them`;
    return { feature, reason, since: "5.11" };
  }
  // Before Linux 5.12 the verifier knew one atomic operation only: an addition that returns
  // nothing.
  if (/^BPF_STX uses reserved fields$/m.test(log)) {
    const feature = "atomic operations";
    const reason =
      `this kernel has no ${feature} but addition, and program "${program}" needs others`;
    return { feature, reason, since: "5.12" };
  }
  return undefined;
}

/** The map type that an old kernel lacks, if a map could not be created. */
function lackOfMaps(
  warnings: readonly string[],
  mapType: FailedObject["mapType"],
): Lack | undefined {
  const map = warnings.map((line) =>
    /map '([^']+)': failed to create: Invalid argument/.exec(line)?.[1]
  ).find((each) => each !== undefined);
  const type = map === undefined ? undefined : mapType(map);
  const since = type === undefined ? undefined : LATER_MAPS[type];
  // A newer kernel refused it for another reason.
  if (since === undefined || hasMapType(type as MapType).answer !== "no") return undefined;
  const feature = `${type} maps`;
  return { feature, reason: `this kernel has no ${feature} (map "${map}")`, since };
}
