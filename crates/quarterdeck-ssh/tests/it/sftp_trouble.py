# An SFTP server that makes trouble: sftp_trouble.py KIND. What it has is /DIRECTORY, with one file in it.
import os
import struct
import sys
import time

KIND = sys.argv[1]
FILE = b"SIF" * 20_000


def read_exact(count):
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def send(kind, body):
    data = struct.pack(">IB", len(body) + 1, kind) + body
    while data:
        data = data[os.write(1, data):]


def text(value):
    return struct.pack(">I", len(value)) + value


def attributes(mode, size):
    if KIND == "modeless":
        return struct.pack(">IQ", 1, size)
    return struct.pack(">IQIII", 13, size, mode, 0, 1_700_000_000)


def entry(name, mode=0o100644):
    return text(name) + text(b"-rw-r--r-- " + name) + attributes(mode, len(FILE))


def status(id, code, message=b""):
    send(101, struct.pack(">II", id, code) + text(message) + text(b""))


def names(id, entries):
    send(104, struct.pack(">II", id, len(entries)) + b"".join(entries))


def readdir(id, count):
    if KIND == "slow-endless":
        time.sleep(0.2)
    if KIND in ("endless", "slow-endless"):
        return names(id, [entry(b"file-%d-%d.sif" % (count, n)) for n in range(1000)])
    if KIND == "endless-names":
        return names(id, [entry(b"%d-%d-" % (count, n) + b"x" * 1000) for n in range(100)])
    if KIND == "nothing":
        return names(id, [])
    if count > 0:
        return status(id, 1)
    if KIND == "names":
        bad = [b"../../etc/passwd", b"a/b.sif", b"", b"nul\0.sif", b"..", b"."]
        return names(id, [entry(name) for name in bad + [b"good.sif"]])
    if KIND == "long-name":
        return names(id, [entry(b"x" * 60_000)])
    return names(id, [entry(b"one.sif"), entry(b"under", 0o040755)][: 1 if KIND != "deep" else 2])


def main():
    if KIND == "noise":
        os.write(1, b"Welcome to this node! Please read the news.\n")
    counts = {}
    reads = 0
    while True:
        (length,) = struct.unpack(">I", read_exact(4))
        packet = read_exact(length)
        kind = packet[0]
        if kind == 1:
            if KIND == "silent":
                time.sleep(3600)
            send(2, struct.pack(">I", 3))
            continue
        (id,) = struct.unpack(">I", packet[1:5])
        if KIND == "hang":
            time.sleep(3600)
        if KIND == "unasked":
            id += 1000
        if KIND == "huge":
            os.write(1, struct.pack(">I", 1 << 31))
        if KIND == "slow":
            time.sleep(0.4)
        if kind == 11:
            handle = b"d%d" % len(counts)
            counts[handle] = 0
            send(102, struct.pack(">I", id) + text(handle))
        elif kind == 12:
            (size,) = struct.unpack(">I", packet[5:9])
            handle = packet[9 : 9 + size]
            readdir(id, counts[handle])
            counts[handle] += 1
        elif kind == 3:
            if KIND == "refuse":
                status(id, 4, b"\x1b[2J" + b"no\n" * 9000)
            else:
                send(102, struct.pack(">I", id) + text(b"\xff\x00file"))
        elif kind in (7, 8):
            send(105, struct.pack(">I", id) + attributes(0o100644, len(FILE)))
        elif kind == 5:
            (size,) = struct.unpack(">I", packet[5:9])
            offset, length = struct.unpack(">QI", packet[9 + size : 21 + size])
            reads += 1
            data = FILE[offset : offset + length]
            if KIND == "short":
                data = data[:1000]
            if KIND == "shrink":
                data = FILE[:10_000][offset : offset + length]
            if KIND == "more":
                data = data + b"more"
            if KIND == "close":
                os.write(1, struct.pack(">IBI", length + 9, 103, id) + data[:100])
                sys.exit(0)
            if data:
                send(103, struct.pack(">I", id) + text(data))
            else:
                status(id, 1)
        else:
            status(id, 0)


main()
