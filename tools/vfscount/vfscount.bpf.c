// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * vfscount: counts calls of VFS functions.
 */
#include "../../toolkit/kernel/probes/call_counts.h"

ON_FUNCTIONS(on, count_match)
