/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The filter by signal (signals.ts sets it).
 */
#pragma once

#include "../base/prelude.h"

#define SIGNAL_MAX 64

const volatile bool by_signal = false;
const volatile bool wanted_signals[SIGNAL_MAX + 1] = {};

static __always_inline bool is_signal_wanted(u32 signal)
{
	return !by_signal || (signal <= SIGNAL_MAX && wanted_signals[signal]);
}
