#!/bin/bash
# example-lossy-link.sh - lines that lose, delay and slow down; cables pulled
# one build
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/lossy-link.net.yaml
L=lossy-link
B=10.22.0.2

# How many of 100 packets are lost on the way there and back.
loss()
{
	in_ns $L.a ping -q -n -c 300 -i 0.002 -W 0.3 "$1" |
		sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' | cut -d. -f1
}

loses()
{
	local got
	got=$(loss "$4")
	_result $((got < $2 || got > $3)) "$1: $2 to $3 of 100" "it was $got"
}

# kbit/s of TCP from a to b
speed()
{
	local ms
	ms=$(in_ns $L.a "$TALK" flood $B 5001 "$1") || return
	echo $(($1 * 8 / (ms + 1)))
}

hops()
{
	in_ns $L.r1 ip -j route get $B | jq -r '.[0].dev'
}

_goes_by()
{
	[ "$(hops)" = "$1" ]
}

rtt()
{
	in_ns $L.a ping -n -c 1 -W 3 "$1" | sed -n 's/.*time=\([0-9]*\).*/\1/p'
}

_is_slow()
{
	[ "$(rtt $B)" -ge "$1" ]
}

link()
{
	check "link $*" netdctl link "$@"
}

remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
can $L.a $B icmp
same "by the cheap line" r2 "$(hops)"
loses "the line, both ways" 9 31 $B
loses "by IPv6" 9 31 fd22::2

link line impair loss=0% rate=8M
must in_ns $L.b "$TALK" sink 5001
got=$(speed 600000)
_result $((got < 2000 || got > 9200)) "8 Mbit/s" "it was $got"
loses "and no loss" 0 0 $B
repaired "what was done by hand" "tc -n $L.r1 qdisc del dev r2 root" \
	"tc -n $L.r1 qdisc show dev r2 | grep -q 'tbf.*rate 8Mbit'"
link line impair rate=0
got=$(speed 600000)
_result $((got < 40000)) "as fast as it goes" "it was $got"
link line impair loss 30% --from r1
loses "one way only" 18 43 $B
check "the list tells" eval "netdctl list links |
	grep -E 'line .*from r1 loss 30%' && ! netdctl list links | grep from.r2"
kill_netd
start_netd
loses "also after a restart" 18 43 $B
link line clear
loses "cleared" 0 0 $B
check_not "altogether" eval "tc -n $L.r1 qdisc | grep -E 'tbf|netem'"

link line down
soon "by the spare one" _goes_by r2-2
can $L.a $B icmp
can $L.a fd22::2 icmp
check "no carrier at the other end" eval \
	"ip -n $L.r2 link show r1 | grep -qE 'NO-CARRIER|state DOWN'"
apply "$FILE"
same "a new text leaves it down" r2-2 "$(hops)"
link line up
soon "back by the line" _goes_by r2
can $L.a $B icmp
can $L.a fd22::2 icmp

if out=$(netdctl link line impair delay=40ms 2>&1); then
	soon "40 ms each way" _is_slow 80
	check "jitter is added" netdctl link line impair jitter=5ms
	check "the delay stays" _is_slow 60
	check "netem does it" eval "tc -n $L.r1 qdisc show dev r2 |
		grep 'netem.*delay 40ms *5ms'"
	plan_is_empty "$FILE"
else
	check "no delay on this kernel, and why" grep -q "no netem" <<<"$out"
	plan_is_empty "$FILE"
fi
check_not "no link" netdctl link lin down
check_not "no such impairment" netdctl link line impair lost=1%
check_not "no such end" netdctl link line impair loss=1% --from a
check_not "no such share" netdctl link line impair loss=101%
plan_is_empty "$FILE"
link line reset
plan_is_empty "$FILE"
loses "as the file says" 9 31 $B
link spare down
link line impair loss=0%
check "reset" netdctl reset $L
loses "all as the file says" 9 31 $B
check_not "the spare one, too" eval "ip -n $L.r1 link show r2-2 | grep -q DOWN"
check "down" netdctl down $L
nothing_left
