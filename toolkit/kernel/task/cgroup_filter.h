/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The cgroup filters of filter.h, for another cgroup than the current task's.
 */
#pragma once

#include "filter.h"

KERNEL_STRUCTS

struct kernfs_node {
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

KERNEL_STRUCTS_END

#define CGROUP_LEVELS 128

static __always_inline u64 cgroup_id(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

/* Whether it is `target_cgroup` or lies below it. */
static __noinline bool is_below_target(struct cgroup *cgroup)
{
	for (u32 i = 0; cgroup && i < CGROUP_LEVELS; i++) {
		if (cgroup_id(cgroup) == target_cgroup)
			return true;
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
	}
	return false;
}

/* Whether any filter by cgroup is set. */
static __always_inline bool are_cgroups_filtered(void)
{
	return by_cgroup || target_cgroup;
}

/* Whether it passes the filters by cgroup. */
static __always_inline bool is_cgroup_wanted(struct cgroup *cgroup)
{
	u64 id = cgroup_id(cgroup);

	if (by_cgroup && !bpf_map_lookup_elem(&cgroups, &id))
		return false;
	return !target_cgroup || is_below_target(cgroup);
}
