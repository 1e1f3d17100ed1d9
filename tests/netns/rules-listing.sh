#!/bin/bash
# rules-listing.sh - what a plan shows of the rules is what nft lists of them
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

TEXT=$BUILD/tests/tools/nft-text

# The sets and chains that a plan makes in a namespace, as nft would list them.
listing()
{
	jq -r --arg ns "$2" '
	def thing: .name | split(" ")[2];
	[.steps[] | select((.netns // "") == $ns)] as $steps |
	("inet", "bridge") as $family |
	[$steps[] | select(.name | startswith($family + " "))] as $mine |
	"table \($family) netd {",
	($mine[] | select(.kind == "set") | "\tset \(thing) {\n\t\t" +
		(.text | capture("decl (?<d>.*?), hash").d) + "\n\t}"),
	($mine[] | select(.kind == "chain") | "\tchain \(thing) {\n" +
		(.rules | map("\t\t\(.)\n") | join("")) + "\t}"),
	"}"' "$1"
}

compared=0
for yaml in "$TOP"/examples/*.net.yaml "$TESTS"/golden/rules/*.yaml; do
	[ -e "$yaml" ] || continue
	netdctl plan --offline --json "$yaml" >"$WORLD/plan" 2>"$WORLD/why"
	[ "$(jq '.steps | length' "$WORLD/plan" 2>/dev/null || echo 0)" != 0 ] ||
		continue
	jq -r '[.steps[] | select(.kind == "table") | .netns // ""] | unique[]' \
		"$WORLD/plan" >"$WORLD/spaces"
	while IFS= read -r space; do
		listing "$WORLD/plan" "$space" >"$WORLD/rules"
		out=$("$TEXT" -c "$WORLD/rules" 2>&1)
		rc=$?
		[ $rc != 77 ] || skip "no nft"
		check "${yaml##*/} ${space:-host}" [ $rc = 0 ]
		[ $rc = 0 ] || head -n 40 <<<"$out"
		compared=$((compared + 1))
	done <"$WORLD/spaces"
done
check "some were compared" [ $compared -gt 4 ]
