"""Names of hosts: shared look-ups, and threads that are nobody else's."""

import asyncio
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest

from analysis.names import AT_ONCE, Names


class Server:
    """A name server that answers when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def look_up(self, host: str, port: int) -> Sequence[tuple[Any, ...]]:
        """As socket.getaddrinfo; `nowhere` is not known."""
        self.asked.append(host)
        self.go.wait()
        if host == "nowhere":
            raise OSError("Name or service not known")
        return [(2, 1, 6, "", ("192.0.2.1", port)), (2, 1, 6, "", ("192.0.2.1", port))]


async def test_a_name_is_looked_up_once_for_all_who_ask() -> None:
    """One that gave up takes the answer from nobody."""
    server = Server()
    names = Names(server.look_up)
    many = [asyncio.create_task(names.addresses("a.test", 80)) for _ in range(5)]
    await asyncio.sleep(0)
    many.pop().cancel()
    server.go.set()

    assert await asyncio.gather(*many) == [[ip_address("192.0.2.1")]] * 4
    assert await names.addresses("192.0.2.7", 80) == [ip_address("192.0.2.7")]
    assert server.asked == ["a.test"]
    names.close()


async def test_names_that_hang_take_no_thread_of_others() -> None:
    """Nor does one that nobody knows break what comes later."""
    server = Server()
    names = Names(server.look_up)
    hanging = [asyncio.create_task(names.addresses(f"{number}.test", 80)) for number in range(3 * AT_ONCE)]
    await asyncio.sleep(0)

    assert await asyncio.to_thread(lambda: 7) == 7
    server.go.set()
    await asyncio.gather(*hanging)
    for _ in range(2):
        with pytest.raises(OSError, match="not known"):
            await names.addresses("nowhere", 80)
    names.close()
