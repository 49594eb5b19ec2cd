/**
 * C text that tests whether the current process runs in one of the containers listed in pinned
 * maps: the `--cgroupmap` and `--mntnsmap` of bcc's tools, maintained by others such as Inspektor
 * Gadget.
 *
 * @module
 */

/** Paths in a bpf file system; a kind without a path lets every process through. */
export interface ContainerFilter {
  /** A hash with keys of 8 bytes, the ids of cgroups of version 2, and values of 8. */
  readonly cgroups?: string;
  /** A hash with keys of 8 bytes, the inodes of mount namespaces, and values of 4. */
  readonly mountNamespaces?: string;
}

/** Entries of a map that is created because nothing is pinned there yet. */
const ENTRIES = 1024;

/**
 * Defines `static int container_should_be_filtered(void)`, which returns 1 for a process to skip,
 * for {@linkcode Bpf.compile}. A map that is not there yet is created, empty, and stays pinned.
 *
 * Mount namespaces need `headers: "btf"`: no installed header declares struct mnt_namespace.
 *
 * @throws {TypeError} for a path that C text cannot hold
 */
export function containerFilter(filter: ContainerFilter): string {
  const { cgroups, mountNamespaces } = filter;
  const tests = [
    ...cgroups === undefined ? [] : [CGROUP_TEST],
    ...mountNamespaces === undefined ? [] : [NAMESPACE_TEST],
  ];
  return [
    pinned("container_cgroups", "u64", cgroups),
    pinned("container_mounts", "u32", mountNamespaces),
    "static inline int container_should_be_filtered(void) {",
    ...tests,
    "  return 0;",
    "}",
    "",
  ].join("\n");
}

const CGROUP_TEST = `  u64 cgroup = bpf_get_current_cgroup_id();
  if (!container_cgroups.lookup(&cgroup)) return 1;`;

const NAMESPACE_TEST = `  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  u64 mounts = task->nsproxy->mnt_ns->ns.inum;
  if (!container_mounts.lookup(&mounts)) return 1;`;

function pinned(name: string, value: string, path: string | undefined): string {
  if (path === undefined) return "";
  if (/["\\\p{Cc}]/u.test(path)) {
    throw new TypeError(`Cannot filter by the map ${JSON.stringify(path)}: its path has a quote`);
  }
  return `BPF_TABLE_PINNED("hash", u64, ${value}, ${name}, ${ENTRIES}, "${path}");`;
}
