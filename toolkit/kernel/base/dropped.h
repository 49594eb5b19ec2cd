/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What found no room in a map, of headers that count: reportDropped() of losses.ts tells it. Defined here
 * alone: of two definitions of one name C makes one variable, without a word.
 */
#pragma once

#include "prelude.h"

u64 dropped;
