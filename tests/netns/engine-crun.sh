#!/bin/bash
# engine-crun.sh - crun's containers by netd-oci-hook, and by a path
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
runtime crun
