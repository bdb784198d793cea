"""The CRDs and examples that come with the program. Called by the demo and by `simulate`.

In a checkout they are folders of the repository, in an installed wheel they lie inside the package.
"""

from pathlib import Path

from rollouts.model.errors import RolloutsError

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """The folder `crds` or `examples`. RolloutsError: the installation lacks it."""
    for folder in (_PACKAGE / f"_{name}", _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise RolloutsError(f"{name}: not part of this installation; install the wheel, or run in a checkout")
