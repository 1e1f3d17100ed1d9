#!/bin/bash
# coexist-firewalld.sh - firewalld's zones: named, cured, lived with
# one kernel: what it tests hardly depends on that
# one build, one kernel: others ask the same of the kernel side
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
. "$TESTS/coexist.sh"

needs firewalld firewall-cmd dbus-daemon

# A bus of this world's own.
bus()
{
	mkdir -p /run/dbus
	dbus-daemon --system --nofork >"$WORLD/dbus.log" 2>&1 &
	poll "$SOON" test -S /run/dbus/system_bus_socket ||
		skip "dbus-daemon can't run here"
}

start_firewalld()
{
	firewalld --nofork --nopid >>"$WORLD/firewalld.log" 2>&1 &
	firewalld_pid=$!
	poll $((20 * SLOW * BUSY)) firewall-cmd --state && return
	tail -n 20 "$WORLD/firewalld.log"
	skip "firewalld can't run here"
}

again()
{
	kill -TERM "$firewalld_pid"
	wait "$firewalld_pid"
	start_firewalld
	poll "$SOON" in_zone
}

in_zone()
{
	firewall-cmd --zone=trusted --list-interfaces | grep -q 'nd-db nd-web'
}

coexist_site
bus
start_firewalld
is_cut "with firewalld"
check_not "and what is served" eval 'TRY=1 reach g 10.81.0.1 udp 7000'
doctor_finds firewalld
check "its rule is named" eval \
	'netdctl doctor | grep -q "inet firewalld filter_FWD_public, handle"'
cure
passes "cured"
doctor_is_content
must quietly firewall-cmd --zone=trusted --remove-interface=nd-web
must quietly firewall-cmd --reload
is_cut "without the cure"
# the chains of a zone that was used once go at the next reload
SETTLE='firewall-cmd --reload >/dev/null'
lives_with firewalld "firewall-cmd --reload && poll $SOON in_zone"

# it starts anew, and remembers nothing
coexist_file "coexist: [firewalld]"
apply "$FILE"
check "its interfaces are in a zone" in_zone
again
check "... again after its restart" in_zone
passes "... after its restart"
check "down" netdctl down coexist
check_not "none is in it after down" in_zone
# an interface that the admin put into another zone is not taken from there
must quietly firewall-cmd --zone=block --add-interface=nd-web
check_not "a zone that somebody else chose is an error" \
	netdctl apply "$FILE"
check "which says so" eval "netdctl apply $FILE 2>&1 | grep -q ZONE_CONFLICT"
check_not "and leaves nothing" eval 'netdctl list | grep -q coexist'
kill -TERM "$firewalld_pid"
wait "$firewalld_pid"
