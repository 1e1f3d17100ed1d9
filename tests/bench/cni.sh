# cni.sh - part `cni`: what engines wait for, beside the reference plugins
# SPDX-License-Identifier: GPL-2.0-or-later

REFERENCE=${REFERENCE:-/usr/lib/cni}
PORTS='"runtimeConfig": {"portMappings": [{"hostPort": 8080,
	"containerPort": 80, "protocol": "tcp"}]}'

cni_files()
{
	local c='"cniVersion": "1.0.0", "name": "web"'
	cat >"$D/web.yaml" <<-'END'
	networks:
	  web: {mode: nat, subnet: 10.99.0.0/24}
	END
	echo "{$c, \"type\": \"netd-cni\", \"network\": \"web/web\",
		\"socket\": \"$D/netd.sock\", $PORTS}" >"$D/cni.netd"
	echo '{"bench": {"network": "web", "type": "veth", "netns":
		"/run/netns/c1", "ifname": "eth0", "publish": ["8080:80"]}}' \
		>"$D/cni.raw"
	echo "{$c, \"type\": \"bridge\", \"bridge\": \"ref0\",
		\"isGateway\": true, \"ipMasq\": true, \"ipam\": {
		\"type\": \"host-local\", \"dataDir\": \"$D/host-local\",
		\"ranges\": [[{\"subnet\": \"10.99.0.0/24\"}]],
		\"routes\": [{\"dst\": \"0.0.0.0/0\"}]}}" >"$D/cni.bridge"
	echo "{$c, \"type\": \"portmap\", \"capabilities\":
		{\"portMappings\": true}, $PORTS}" >"$D/cni.portmap"
	echo "{$c, \"type\": \"firewall\"}" >"$D/cni.firewall"
}

cni_turn()
{
	"$D/api" turn "$D/netd.sock" 5 POST "/v1/attachments?wait=5000" \
		"$D/cni.raw" DELETE /v1/attachments/bench - >>"$D/raw.cni" ||
		die "attach"
	in_world netd "$D/cni" 5 "$BUILD/ctl" /run/netns/c1 eth0 \
		"netd-cni=$D/cni.netd" >>"$D/netd.cni" || die "netd-cni"
	in_world ref "$D/cni" 5 "$REFERENCE" /run/netns/c1 eth0 \
		"bridge=$D/cni.bridge" "portmap=$D/cni.portmap" \
		"firewall=$D/cni.firewall" >>"$D/ref.cni" || die "reference"
}

part_cni()
{
	local i raw
	[ -x "$REFERENCE/firewall" ] ||
		die "no $REFERENCE: install containernetworking-plugins"
	world netd c1
	world ref c1
	in_world ref ip link set lo up
	cni_files
	start_netd netd
	apply "$D/web.yaml" >/dev/null
	quiet
	for ((i = 0; i < REPEATS * 2; i++)); do
		cni_turn
	done
	end_worlds
	raw=$(med raw.cni)
	limit "CNI ADD with a published port, beyond the API's attach" \
		"$(calc "$(med netd.cni) - $raw")" 5 ms \
		"$(med netd.cni) ms to $raw ms"
	limit "CNI ADD, to the reference chain's" \
		"$(calc "$(med netd.cni) / $(med ref.cni)")" 0.2 x \
		"$(med netd.cni) ms to $(med ref.cni) ms"
	limit "CNI DEL, to the reference chain's" \
		"$(calc "$(med netd.cni 2) / $(med ref.cni 2)")" 0.2 x \
		"$(med netd.cni 2) ms to $(med ref.cni 2) ms"
}
