/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Whether the first parameter of vfs_unlink(), getattr functions … is the mount's id mapping: since Linux 5.12.
 */
#pragma once

#include "../base/prelude.h"
#include <bpf/bpf_core_read.h>

KERNEL_STRUCTS

struct user_namespace;

/* The struct itself came to later releases of 5.10 as well, without this member. */
struct renamedata {
	struct user_namespace *old_mnt_userns; /* until Linux 6.2 */
};

struct mnt_idmap {}; /* since Linux 6.2 */

KERNEL_STRUCTS_END

static __always_inline bool are_mount_ids_passed(void)
{
	struct renamedata *renaming = NULL;

	return bpf_core_type_exists(struct mnt_idmap) || bpf_core_field_exists(renaming->old_mnt_userns);
}
