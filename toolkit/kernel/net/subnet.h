/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Matching of addresses with subnets (subnets.ts).
 */
#pragma once

#include "flow.h"

/* Two words in network byte order. IPv4 addresses are mapped (::ffff:10.0.0.0), prefixes 96 longer. */
struct subnet {
	u64 network[2];
	u64 mask[2];
};

/* Whether an address of a flow is in a subnet; a subnet of zeros matches any. */
static __always_inline bool is_in_subnet(const u8 *address, const volatile struct subnet *subnet)
{
	u64 words[2];

	__builtin_memcpy(words, address, sizeof(words));
	return (words[0] & subnet->mask[0]) == subnet->network[0] &&
	       (words[1] & subnet->mask[1]) == subnet->network[1];
}
