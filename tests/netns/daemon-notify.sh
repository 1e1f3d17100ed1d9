#!/bin/bash
# daemon-notify.sh - what the service manager is told, and when
# one build: other tests reach that code
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

cat >"$WORLD/manager" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
	print(s.recv(4096).decode().replace("\n", " "), flush=True)
P
python3 "$WORLD/manager" "$WORLD/notify" >"$WORLD/told" &
must poll "$SOON" test -S "$WORLD/notify"
times() { [ "$(grep -c "$1" "$WORLD/told")" -ge "$2" ]; }

echo 'networks: {one: {}}' >"$CONF/a.net.yaml"
export NOTIFY_SOCKET=$WORLD/notify WATCHDOG_USEC=200000
start_netd
soon "it is ready" times READY=1 1
check "when its networks are there" test -e /sys/class/net/nd-one
soon "the watchdog is fed" times WATCHDOG=1 3
kill -HUP "$netd_pid"
soon "it reloads, with the time" times 'RELOADING=1 MONOTONIC_USEC=[1-9]' 1
soon "and is ready again" times READY=1 2
stop_netd
soon "it stops" times STOPPING=1 1
check "in this order" bash -c "grep -v WATCHDOG '$WORLD/told' | tr -d '0-9 ' |
	tr '\n' ' ' | grep -q '^READY= RELOADING=MONOTONIC_USEC= READY= STOPPING='"
check "the network stays" test -e /sys/class/net/nd-one
