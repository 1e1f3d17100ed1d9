#!/bin/bash
# coexist-ufw.sh - ufw's policies: named, cured, lived with
# one kernel: what it tests hardly depends on that
# one build, one kernel: others ask the same of the kernel side
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
. "$TESTS/coexist.sh"

needs ufw iptables

coexist_site
ufw --force enable >"$WORLD/ufw" 2>&1 ||
	skip "ufw can't run here: $(tail -n 1 "$WORLD/ufw")"
must ufw logging off >/dev/null
is_cut "with ufw"
check_not "and what is served" eval 'TRY=1 reach g 10.81.0.1 udp 7000'
doctor_finds ufw
check "its rule is named" eval \
	'netdctl doctor | grep -q "ip filter INPUT: policy drop"'
cure
passes "cured"
doctor_is_content
must eval 'yes | ufw reset >/dev/null'
must eval 'ufw --force enable >/dev/null && ufw logging off >/dev/null'
is_cut "without the cure"
# a first reload adds a few rules of its own
must quietly ufw reload
lives_with ufw "ufw reload"
must ufw disable >/dev/null
