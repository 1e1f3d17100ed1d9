#!/bin/bash
# nft-text.sh - what our compiler loads, nft lists as it was written
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

for file in "$TESTS"/golden/nft/*.nft; do
	check "${file##*/}" "$BUILD/tests/netns/nft-text" "$file"
done
