# nflog.py - prints what is logged to an NFLOG group: prefix and interface
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nflog.py GROUP: "ready", then a line for each packet, until it is ended.
import socket
import struct
import sys

CONFIG, PACKET = 4 << 8 | 1, 4 << 8
group = int(sys.argv[1])
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
s.bind((0, 0))


def config(attr, data):
    attr = struct.pack("=HH", 4 + len(data), attr) + data
    attr += bytes(-len(attr) % 4)
    body = struct.pack(">BBH", 0, 0, group) + attr
    s.send(struct.pack("=IHHII", 16 + len(body), CONFIG, 5, 1, 0) + body)
    if struct.unpack("=i", s.recv(4096)[16:20])[0]:
        sys.exit("nflog: refused")


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        yield kind & 0x3FFF, data[4:size]
        data = data[(size + 3) & ~3:]


config(1, b"\x01")                          # bind
config(2, struct.pack(">IBB", 64, 2, 0))    # copy the packet
print("ready", flush=True)
while True:
    data = s.recv(1 << 17)
    while len(data) >= 16:
        size, kind = struct.unpack("=IH", data[:6])
        a = dict(attributes(data[20:size]))
        if kind == PACKET:
            dev = socket.if_indextoname(struct.unpack(">I", a[4])[0])
            print(a.get(10, b"").rstrip(b"\0").decode(), dev, flush=True)
        data = data[(size + 3) & ~3:]
