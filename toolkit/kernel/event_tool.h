/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Common includes of tools that print a row per event.
 */
#pragma once

#include "base/ring_buffer.h"
#include "task/filter.h"
#include "base/maps.h"
#include "task/who.h"
