"""What a user wrote wrong: where, what, and how to cure it. Shown as InvalidSpec, by lint, by admission."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a manifest.

    `path` is the field path as Argo prints it (`spec.strategy.steps[0].setWeight`), empty for the whole object.
    """

    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


Faults = tuple[Fault, ...]
