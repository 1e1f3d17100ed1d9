#!/bin/sh
# build.sh DIR - compiles the programs of the benchmarks into DIR
# SPDX-License-Identifier: GPL-2.0-or-later
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
cc="${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes
	-Wmissing-prototypes -Wno-unused-parameter -I$here/../../include"
cd "$here"
$cc -o "$out/floor" floor.c build.c nl.c capture.c capture_layer3.c \
	capture_nft.c -lmnl
for p in api cni forward; do
	$cc -o "$out/$p" $p.c -lpthread
done
$cc -shared -fPIC -o "$out/count.so" count.c -ldl
$cc -DPRINT -o "$out/count" count.c
