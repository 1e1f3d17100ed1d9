#!/bin/sh
# run.sh - what each topology comes to, against what is expected
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: run.sh [--update] GOLDEN-PROGRAM [FILE...]
# X.net.yaml (with X.found, the host, when there is one) is compared with each
# of X.errors, X.objects and X.nft that exists; --update writes them.
set -u
update=
if [ "${1-}" = --update ]; then
	update=1
	shift
fi
golden=$1
shift
dir=$(dirname "$0")
[ $# -gt 0 ] || set -- "$dir"/*/*.net.yaml
failed=0
count=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for file; do
	stem=${file%.net.yaml}
	for kind in errors objects nft; do
		[ -e "$stem.$kind" ] || continue
		count=$((count + 1))
		if [ -e "$stem.found" ]; then
			"$golden" "$kind" "$file" "$stem.found" >"$out" 2>&1
		else
			"$golden" "$kind" "$file" >"$out" 2>&1
		fi
		status=$?
		if [ "$status" -gt 1 ]; then
			echo "FAIL $file: golden $kind ended with $status"
			cat "$out"
			failed=$((failed + 1))
		elif [ -n "$update" ]; then
			cp "$out" "$stem.$kind"
		elif ! diff -u "$stem.$kind" "$out"; then
			echo "FAIL $file: $kind"
			failed=$((failed + 1))
		fi
	done
done
echo "golden: $count compared, $failed differ"
[ "$failed" -eq 0 ] && [ "$count" -gt 0 ]
