// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * vfscount: how often functions of the virtual file system are called.
 */
#include "../../toolkit/kernel/probes/call_counts.h"

ON_FUNCTIONS(on, count_match)
