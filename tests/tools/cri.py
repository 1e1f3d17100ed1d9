#!/usr/bin/python3
# cri.py - asks a container engine as a kubelet does (CRI, runtime.v1)
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	cri.py SOCKET run NAME [HOSTPORT:PORT]	prints the sandbox's id
#	cri.py SOCKET address ID		its address
#	cri.py SOCKET stop|remove ID
#
# The few messages are put together by hand: there is no package of the
# protocol's definitions.
import sys

import grpc


def field(number, value):
    """One field of a message: a number, a text, or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def fields(data):
    """The fields of a message, by number; of several the last."""
    found, at = {}, 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n

    while at < len(data):
        key = number()
        n = number()
        if key & 7 == 2:
            found[key >> 3] = data[at:at + n]
            at += n
        else:
            found[key >> 3] = n
    return found


def call(socket, method, request):
    with grpc.insecure_channel("unix://" + socket) as channel:
        send = channel.unary_unary("/runtime.v1.RuntimeService/" + method)
        return fields(send(request, timeout=60))


def sandbox(name, ports):
    metadata = field(1, name) + field(2, "uid-" + name) + field(3, "lab")
    config = field(1, metadata) + field(2, name)
    for pair in ports:
        host, port = pair.split(":")
        config += field(5, field(2, int(port)) + field(3, int(host)))
    return field(1, config + field(8, b""))


def main(socket, command, what, *ports):
    if command == "run":
        print(call(socket, "RunPodSandbox", sandbox(what, ports))[1].decode())
    elif command == "address":
        status = fields(call(socket, "PodSandboxStatus", field(1, what))[1])
        print(fields(status[5])[1].decode())
    elif command == "stop":
        call(socket, "StopPodSandbox", field(1, what))
    elif command == "remove":
        call(socket, "RemovePodSandbox", field(1, what))


try:
    main(*sys.argv[1:])
except grpc.RpcError as error:
    sys.exit("cri.py: " + error.details())
