/**
 * The allocator functions of a library or program, and the programs of memleak.bpf.c for them.
 *
 * @module
 */

import { type Bpf, exists, type Link, u32, type UserFunction, userFunctions } from "../../mod.ts";
import { type Machine, thisMachine } from "../../toolkit/machine/machine.ts";

/**
 * The programs at the entries of functions. Probes are attached in this order, so that an
 * allocation that was seen is also seen when it is freed.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  free: "freed",
  munmap: "unmapped",
  realloc: "moved",
  malloc: "sized",
  valloc: "sized",
  pvalloc: "sized",
  calloc: "counted",
  memalign: "aligned",
  aligned_alloc: "aligned",
  mmap: "mapped",
  mremap: "remapped",
  posix_memalign: "stored",
};
/** The programs at the returns of functions, by the program at the entry; others: `returned`. */
const RETURNS: Readonly<Record<string, string | undefined>> = {
  freed: undefined,
  unmapped: undefined,
  mapped: "returned_mapping",
  remapped: "returned_mapping",
};
const [RETURNED, EXECUTED] = ["returned", "executed"];
/** Without these functions leaks cannot be found. */
const NEEDED = ["malloc", "free"];

/** The programs at a function's entry and return; undefined: none. */
interface Service {
  readonly atBegin: string;
  readonly atEnd: string | undefined;
}

/**
 * The programs for a function. Before Linux 5.13 (bpf_for_each_map_elem) programs cannot search a
 * map for the mappings in a range: then only mappings that are unmapped as a whole are followed.
 */
function serviceOf(name: string, machine: Machine): Service | undefined {
  const atBegin = PROGRAMS[name]!;
  const inRanges =
    machine.enumHasValue("bpf_func_id", "BPF_FUNC_for_each_map_elem").answer !== "no";
  if (!inRanges && name === "mremap") return undefined;
  if (!inRanges && name === "munmap") return { atBegin: PROGRAMS.free!, atEnd: undefined };
  const atEnd = atBegin in RETURNS ? RETURNS[atBegin] : RETURNED;
  return { atBegin, atEnd: inRanges || atEnd === undefined ? atEnd : RETURNED };
}

/** All programs for user functions, and whether to load each on this kernel. */
export function allocatorPrograms(machine: Machine): Record<string, boolean> {
  const all = [
    ...Object.values(PROGRAMS),
    ...Object.values(RETURNS).filter((name) => name !== undefined),
  ];
  const used = Object.keys(PROGRAMS).map((name) => serviceOf(name, machine)).flatMap((service) =>
    service ? [service.atBegin, service.atEnd] : []
  );
  return {
    ...Object.fromEntries(all.map((name) => [name, used.includes(name)])),
    [RETURNED!]: true,
    [EXECUTED!]: true,
  };
}

/** Which functions to probe. */
export interface Allocator {
  /** A library's name, or a path: `c`, `/usr/bin/redis-server`. */
  readonly object: string;
  /** A prefix of the functions' names: `je_`. */
  readonly prefix: string;
  /** Start counting at the process's next exec. */
  readonly atExec: boolean;
}

/**
 * Probes all allocator functions that a process has. Of aliases, such as memalign and aligned_alloc
 * in some versions of glibc, only one is probed.
 *
 * @throws {Error} if the process does not exist, or has no malloc or no free
 */
export function attachAllocator(bpf: Bpf, pid: number, allocator: Allocator): Link[] {
  const { object, prefix, atExec } = allocator;
  if (!exists(`/proc/${pid}`)) {
    throw new Error(`Cannot trace process ${pid}: it does not exist`);
  }
  const names = Object.keys(PROGRAMS);
  const literal = prefix.replace(/[^\w]/g, "\\$&");
  const found = userFunctions(object, new RegExp(`^${literal}(${names.join("|")})$`), pid);
  for (const name of NEEDED) {
    if (found.some((each) => each.name === prefix + name)) continue;
    throw new Error(
      `Cannot trace allocations: ${JSON.stringify(object)} has no function ${prefix}${name}: ` +
        "name what has with -O, or the beginning of its functions' names with --symbols-prefix",
    );
  }
  const file = object.startsWith("/") ? { path: object } : { library: object };
  bpf.global("traced_pid", u32).value = pid;
  bpf.global("image", u32).value = atExec ? 0 : 1;
  const order = ({ name }: UserFunction) => names.indexOf(name.slice(prefix.length));
  const links = found.toSorted((a, b) => order(a) - order(b)).flatMap(({ name, offset }) => {
    const service = serviceOf(name.slice(prefix.length), thisMachine);
    if (!service) return [];
    const { atBegin, atEnd } = service;
    const place = { ...file, offset, pid };
    // The return probe first: a return without an entry is ignored, but an entry without a return
    // would stay in the map.
    const end = atEnd === undefined
      ? []
      : [bpf.program(atEnd).attachUprobe({ ...place, atReturn: true })];
    return [...end, bpf.program(atBegin).attachUprobe(place)];
  });
  return [...links, bpf.program(EXECUTED).attach()];
}
