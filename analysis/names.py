"""Names of hosts, looked up in threads of their own. Called by http_pool for every new connection.

A name server that hangs would else take every thread that the process has to lend, and with them the controller's own
logins. Many who ask for one name at once share one look-up; it goes on when one of them has given up.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from analysis.reach import Address, address_of

AT_ONCE = 16
"""Names that are looked up at once."""

LookUp = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""Places as of socket.getaddrinfo; OSError where there are none."""


def _asked_of_system(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Names:
    """Finds the addresses of hosts; nothing is kept, so a name may move."""

    def __init__(self, look_up: LookUp = _asked_of_system) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(AT_ONCE, "names")
        self._under_way: dict[tuple[str, int], asyncio.Future[Sequence[tuple[Any, ...]]]] = {}

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Each once, in the system's order; OSError where the name is not known."""
        known = address_of(host)
        if known is not None:
            return [known]
        found = await asyncio.shield(self._asked(host, port))
        addresses = (address_of(str(place[4][0])) for place in found)
        return [address for address in dict.fromkeys(addresses) if address is not None]

    def close(self) -> None:
        """Wait for nothing that is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _asked(self, host: str, port: int) -> asyncio.Future[Sequence[tuple[Any, ...]]]:
        known = self._under_way.get((host, port))
        if known is None:
            known = asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host, port)
            self._under_way[host, port] = known
            known.add_done_callback(lambda done: self._ended(host, port, done))
        return known

    def _ended(self, host: str, port: int, done: asyncio.Future[Any]) -> None:
        self._under_way.pop((host, port), None)
        if not done.cancelled():
            done.exception()  # all who asked may have given up: then nobody else looks at it
