"""Command lines of scenarios: our own CLI in process, and the real kubectl as a program. Called by both clusters."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from rollouts.cli.main import CLIENT, LazyGroup
from rollouts.cli.session import Api, Session
from rollouts.controller.clock import Clock


def run_command(
    words: Sequence[str], flags: Mapping[str, str], connect: Callable[[Mapping[str, str]], Api], clock: Clock
) -> None:
    """A line of `kubectl argo rollouts`; what goes wrong is raised as the command raises it."""
    session = Session(flags, open=connect, now=clock, is_terminal=lambda: False)
    LazyGroup("kubectl argo rollouts", CLIENT).main(args=list(words), obj=session, standalone_mode=False)


def kubectl(kubeconfig: Path) -> Callable[[str, Sequence[str]], Awaitable[str]]:
    """The kubectl of our environment, with this kubeconfig."""

    async def ask(namespace: str, words: Sequence[str]) -> str:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("kubectl"),
            *("--kubeconfig", str(kubeconfig), "--cache-dir", str(kubeconfig.parent / "cache"), "-n", namespace),
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, complaint = await process.communicate()
        assert process.returncode == 0, f"kubectl {' '.join(words)}: {complaint.decode()}{out.decode()}"
        return out.decode()

    return ask
