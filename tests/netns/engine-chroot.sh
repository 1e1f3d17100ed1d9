#!/bin/bash
# engine-chroot.sh - chrooted nginx and BIND by netdctl exec
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs nginx named dig ldd

# jail DIR PROGRAM: a root with that program and the libraries it loads
jail()
{
	local f
	mkdir -p "$1"/{dev,etc,run,tmp,var/cache,var/log,www}
	for f in "$2" $(ldd "$2" | grep -o '/[^ ]*'); do
		mkdir -p "$1$(dirname "$f")"
		cp -L "$f" "$1$f"
	done
	cp /etc/passwd /etc/group "$1/etc/"
	mknod -m 666 "$1/dev/null" c 1 3
	mknod -m 444 "$1/dev/urandom" c 1 9
}

web()
{
	jail "$WORLD/www" /usr/sbin/nginx
	mkdir -p "$WORLD/www/var/log/nginx" "$WORLD/www/var/lib/nginx"
	echo hello >"$WORLD/www/www/index.html"
	cat >"$WORLD/www/etc/nginx.conf" <<-'END'
	daemon off;
	user www-data;
	error_log stderr;
	pid /run/nginx.pid;
	events {}
	http {
		access_log off;
		server { listen 80; root /www; }
	}
	END
}

dns()
{
	mkdir -p "$WORLD"/dns/{dev,etc,run/named,var/cache/bind}
	mknod -m 666 "$WORLD/dns/dev/null" c 1 3
	mknod -m 444 "$WORLD/dns/dev/urandom" c 1 9
	cat >"$WORLD/dns/etc/named.conf" <<-'END'
	options {
		directory "/var/cache/bind";
		pid-file "/run/named/named.pid";
		session-keyfile "/run/named/session.key";
		recursion no;
		listen-on-v6 { none; };
	};
	controls {};
	zone "test.example" { type master; file "/etc/zone"; };
	END
	cat >"$WORLD/dns/etc/zone" <<-'END'
	$TTL 60
	@ SOA ns hostmaster 1 60 60 60 60
	@ NS ns
	ns A 10.85.0.53
	www A 10.85.0.80
	END
	chown -R bind "$WORLD/dns/run" "$WORLD/dns/var" "$WORLD/dns/etc"
}

# ask FROM [OPTION]
ask()
{
	in_ns "$1" dig +time=1 +tries=1 +short "${@:2}" @10.85.0.53 \
		www.test.example | grep -q '10\.85\.0\.80'
}

engine_site "$TOP/examples/chroot.net.yaml"
ns desk
must quietly netdctl attach lan --netns desk --name desk

web
"$NETDCTL" exec --network dmz --name www --address 10.85.0.80 \
	--publish 80:80 --chroot "$WORLD/www" -- /usr/sbin/nginx \
	-c /etc/nginx.conf >"$WORLD/nginx.out" 2>&1 &
www=$!
soon "nginx in its jail answers lan" \
	eval 'http desk 10.85.0.80 | grep -q hello' || cat "$WORLD/nginx.out"
soon "and outside, by its published port" \
	eval 'http outside 203.0.113.1 | grep -q hello'
inner=$(pgrep -P $www)
same "its root is the jail" "$WORLD/www" "$(readlink "/proc/$inner/root")"
named www "$inner"
can www "$PEER" tcp 5432
check "it is told no by db's other ports" refused www "$PEER" tcp 22
cannot www 203.0.113.254 tcp 80
check "db is told no by it" refused peer 10.85.0.80 tcp 80
unnamed www

dns
"$NETDCTL" exec --network dmz --name dns --address 10.85.0.53 -- \
	/usr/sbin/named -g -n 1 -t "$WORLD/dns" -u bind -c /etc/named.conf \
	>"$WORLD/named.out" 2>&1 &
dns=$!
soon "BIND in its jail answers lan" ask desk || tail "$WORLD/named.out"
check "by TCP, too" ask desk +tcp
check_not "but not db" ask peer
named dns "$(pgrep -P $dns)"
check "nor does it reach its neighbours" refused dns "$PEER" tcp 22
cannot dns 203.0.113.254 tcp 80
unnamed dns

kill "$www" "$dns"
wait "$www" "$dns" 2>/dev/null
must quietly netdctl detach desk
must ip netns del desk
gone "what was plugged in went with the services"
same "and their ports" 0 "$(netdctl list forwards --json |
	jq '.items | length')"
engine_end
