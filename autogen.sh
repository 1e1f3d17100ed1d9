#!/bin/sh
# autogen.sh - makes configure and Makefile.in, which are not in git
# SPDX-License-Identifier: GPL-2.0-or-later
set -e
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all
