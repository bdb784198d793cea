"""What an operator can say about the load tester. Made by the CLI, obeyed by production."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rollouts.model.errors import RolloutsError

GATES = ("auto", "cluster", "memory")


class SettingsError(RolloutsError):
    """A flag that makes no sense; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds. `gates` is one of GATES; `load` is the command line of `sluice load`, for our children.

    `namespace` is where the ConfigMap of gates lies ("": that of the pod or the kubeconfig).
    """

    host: str = "0.0.0.0"
    port: int = 9090
    timeout: float = 3600.0
    namespaces: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    gates: str = "auto"
    gates_name: str = "sluice-loadtester-gates"
    namespace: str = ""
    kubeconfig: str = ""
    running: int = 64
    waiting: int = 256
    load: Sequence[str] = ()
