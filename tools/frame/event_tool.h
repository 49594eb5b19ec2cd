/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What tools that print a row per event begin with.
 */
#pragma once

#include "events.h"
#include "filter.h"
#include "maps.h"
#include "who.h"
