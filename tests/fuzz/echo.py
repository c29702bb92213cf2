"""A moody receiver in a process of its own: it answers each request with its own body, and now and then behaves badly.

It prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import sys
from typing import Final, cast

_length: Final = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_MOODS: Final = {
    "plain": 890,
    "chunked": 25,
    "late": 20,
    "in pieces": 20,
    "closes after it": 10,
    "ended by closing": 10,
    "with more behind it": 5,
    "an end instead": 5,
    "a reset instead": 5,
    "half, then an end": 5,
    "no HTTP": 5,
}


class Echo(asyncio.Protocol):
    """One connection."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if end and (found := _length.search(head)) and len(rest) >= int(found[1]):
            self._received = b""
            self._answer(rest, self._chance.choices(list(_MOODS), list(_MOODS.values()))[0])

    def _answer(self, body: bytes, mood: str) -> None:
        write, loop = self._transport.write, asyncio.get_running_loop()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        cut = self._chance.randrange(1, len(answer))
        match mood:
            case "chunked":
                write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            case "late":
                loop.call_later(self._chance.random() * 0.03, write, answer)
            case "in pieces":
                write(answer[:cut])
                loop.call_later(0.001, write, answer[cut:])
            case "closes after it":
                write(answer)
                self._transport.close()
            case "ended by closing":
                write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
                self._transport.close()
            case "with more behind it":
                write(answer + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            case "an end instead":
                self._transport.close()
            case "a reset instead":
                sock = self._transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                self._transport.abort()
            case "half, then an end":
                write(answer[:cut])
                self._transport.close()
            case "no HTTP":
                write(b"\x15\x03\x01" + body)
            case _:
                write(answer)


async def main() -> None:
    """The program."""
    chance = random.Random(int(sys.argv[1]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(chance), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
