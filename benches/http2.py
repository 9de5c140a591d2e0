"""A client for HTTP/2 (RFC 9113) with prior knowledge that asks one request after the other. It compresses no header fields."""

import struct

import servers
from servers import LOOPBACK, Failure

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK, PADDED, PRIORITY = 0x1, 0x4, 0x1, 0x8, 0x20
# Of the static table of HPACK, RFC 7541 appendix A: `:status 200` as a whole, and fields of a request.
STATUS_OK, METHOD_GET, SCHEME_HTTP, AUTHORITY, PATH = 0x88, 0x82, 0x86, 0x01, 0x04


class Client(servers.Client):
    """One connection. Of an answer it knows whether its status is 200, and the body."""

    def __init__(self, port):
        super().__init__(port)
        self.stream = -1
        window = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**30))
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"") + window)

    def ask(self, request, times=1):
        return [self.one(request) for _ in range(times)]

    def one(self, request):
        self.stream += 2
        authority = f"{LOOPBACK}:{self.port()}".encode()
        block = bytes([METHOD_GET, SCHEME_HTTP]) + literal(AUTHORITY, authority) + literal(PATH, request.path.encode())
        self.socket.sendall(frame(HEADERS, END_STREAM | END_HEADERS, self.stream, block))
        status, body = 0, b""
        while True:
            kind, flags, stream, payload = self.frame()
            if kind == SETTINGS and not flags & ACK:
                self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(frame(PING, ACK, 0, payload))
            elif kind in (RESET, GOAWAY):
                raise Failure(f"the server has given up a connection of HTTP/2: {payload.hex()}")
            elif kind == HEADERS and stream == self.stream:
                if flags & (PADDED | PRIORITY):
                    raise Failure("this client does not read padding or priorities")
                # The size of the dynamic table may be changed first.
                status = 200 if payload.lstrip(bytes(range(0x20, 0x40)))[:1] == bytes([STATUS_OK]) else 0
            elif kind == DATA and stream == self.stream:
                body += payload
            if kind in (HEADERS, DATA) and stream == self.stream and flags & END_STREAM:
                return status, {}, body

    def frame(self):
        head = self.take(9)
        length = int.from_bytes(head[:3])
        return head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF, self.take(length)


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3) + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A field that is not put into the dynamic table, RFC 7541 section 6.2.2; its name is in the static one."""
    return bytes([name, len(value)]) + value
