"""Virtual time. Simulation tests, `sluice simulate` and unit tests run their coroutines on it.

The loop's clock stands still while anything is ready to run and jumps to the next timer when nothing is, so that an
hour of rollout takes as long as its work. The price: nothing outside the process may take part. Sockets, threads and
subprocesses live in real time, so the loop refuses them by name instead of hanging on them.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

from rollouts.model.errors import RolloutsError

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""When a virtual run begins, unless told otherwise."""

MOST_TURNS = 1_000_000
"""Turns of the loop at one and the same moment that still count as work."""


class VirtualTimeError(RolloutsError):
    """Something that virtual time cannot do."""


class DeadlockError(VirtualTimeError):
    """Every task waits, and neither a timer nor the outside can ever wake one."""


class LivelockError(VirtualTimeError):
    """Tasks keep each other busy for ever, so that time stands still."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` is seconds since `start`, moved only by its own timers."""

    def __init__(self, start: datetime = EPOCH, most_turns: int = MOST_TURNS) -> None:
        self.start = start
        self._most_turns = most_turns
        self._elapsed = 0.0
        self._turns = 0
        self._jumper = _Jumper(self._jump)
        super().__init__(self._jumper)
        self._jumper.is_sealed = True

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._elapsed

    def now(self) -> datetime:
        """The virtual moment, in UTC."""
        return self.start + timedelta(seconds=self._elapsed)

    def run_in_executor(self, *_args: object, **_options: object) -> NoReturn:
        """Refused: a thread's time cannot be told."""
        raise _refusal("a thread (run_in_executor, to_thread, name look-ups)")

    async def create_connection(self, *_args: object, **_options: object) -> NoReturn:
        """Refused: a peer answers in real time."""
        raise _refusal("a connection")

    async def create_server(self, *_args: object, **_options: object) -> NoReturn:
        """Refused: clients come in real time."""
        raise _refusal("a server")

    async def subprocess_exec(self, *_args: object, **_options: object) -> NoReturn:
        """Refused: a program runs in real time."""
        raise _refusal("a subprocess")

    async def subprocess_shell(self, *_args: object, **_options: object) -> NoReturn:
        """Refused: a program runs in real time."""
        raise _refusal("a subprocess")

    def _jump(self, seconds: float | None) -> None:
        self._turns = 0 if seconds else self._turns + 1
        if self._turns > self._most_turns:
            raise LivelockError(
                f"{self._turns} turns of the loop without any progress of time; alive: {_waiting(self)}"
            )
        if seconds is None:
            raise DeadlockError(f"nothing is ready and no timer is set; waiting: {_waiting(self)}")
        self._elapsed += max(0.0, seconds)


class _Jumper(selectors.BaseSelector):
    """Where a loop would sleep until a socket speaks, this one tells the loop to move its clock."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        self.is_sealed = False  # the loop registers its own wake-up pipe first; nobody else may
        self._jump = jump
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.is_sealed:
            raise _refusal("a socket")
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return self._keys.setdefault(fileobj, selectors.SelectorKey(fileobj, fd, events, data))

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._jump(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


def run_virtual(main: Coroutine[Any, Any, T], *, start: datetime = EPOCH, most_turns: int = MOST_TURNS) -> T:
    """Run a coroutine to its end in virtual time and give its result.

    DeadlockError names who waits for ever, LivelockError who keeps the loop busy without letting time pass.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start, most_turns)) as runner:
        return runner.run(main)


def virtual_now() -> datetime:
    """The moment on the running virtual loop: a Clock for everything that is told one."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise VirtualTimeError("virtual_now needs a virtual loop: start the coroutine by run_virtual")
    return loop.now()


def _refusal(what: str) -> VirtualTimeError:
    return VirtualTimeError(f"virtual time cannot wait for {what}: use an in-process form of this port")


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    return ", ".join(sorted(_place(task) for task in asyncio.all_tasks(loop))) or "no task"


def _place(task: "asyncio.Task[Any]") -> str:
    frames = task.get_stack(limit=1)
    if not frames:
        return task.get_name()
    code = frames[0].f_code
    return f"{task.get_name()} in {code.co_qualname} (line {frames[0].f_lineno})"
