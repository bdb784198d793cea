"""How much is measured. Given on the command line; smaller numbers are for a quick look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`rollouts` in the big runs, `starts` of the process, `samples` rollouts counted one by one, `idle` seconds,
    `listed` rollouts in a long list.

    On the real control plane: each of `crowds` is a number of rollouts, `rest` seconds without work. Of analyses:
    `runs` at once, each metric every `interval` seconds, watched for `intervals` of them. `canaries`, of which `moving`
    progress at once.
    """

    rollouts: int = 300
    starts: int = 7
    samples: int = 5
    listed: int = 10_000
    idle: float = 20.0
    crowds: tuple[int, ...] = (100, 300)
    rest: float = 60.0
    runs: int = 1000
    interval: int = 60
    intervals: int = 3
    canaries: int = 1000
    moving: int = 100
