/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counter of records for which a map had no room, shared by the headers; reportDropped() of losses.ts
 * reports it. Defined only here: C merges two tentative definitions of a name into one variable
 * without a warning.
 */
#pragma once

#include "prelude.h"

u64 dropped;
