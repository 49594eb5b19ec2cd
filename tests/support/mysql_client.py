# Sends queries to a MySQL or MariaDB server: mysql_client.py SOCKET QUERY…
# Each answer is read to its end (protocol 4.1: an OK or an error, or rows between two EOF packets).
import socket
import struct
import sys


def exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            sys.exit("the server has gone")
        data += more
    return data


def packet(connection):
    head = exactly(connection, 4)
    return head[3], exactly(connection, int.from_bytes(head[:3], "little"))


def send(connection, sequence, data):
    connection.sendall(struct.pack("<I", len(data))[:3] + bytes([sequence]) + data)


def answer(connection):
    _, first = packet(connection)
    if first[0] == 0xFF:
        sys.exit(first[9:].decode())
    if first[0] == 0:
        return
    for _ in range(2):  # columns, then rows
        while True:
            _, data = packet(connection)
            if data[0] == 0xFE and len(data) < 9:
                break


connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
packet(connection)
CLIENT_LONG_PASSWORD, CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION = 1, 512, 32768
flags = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION
send(connection, 1, struct.pack("<IIB23x", flags, 1 << 24, 33) + b"root\0\0")
answer(connection)
for query in sys.argv[2:]:
    send(connection, 0, b"\x03" + query.encode())
    answer(connection)
send(connection, 0, b"\x01")
