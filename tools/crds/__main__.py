"""Writes `crds/*.yaml`. `python -m tools.crds` after a change beside this file; a test compares both."""

from pathlib import Path

import yaml

from tools.crds.definitions import KINDS, Kind

FOLDER = Path(__file__).resolve().parents[2] / "crds"
HEAD = "# Written by `python -m tools.crds`; change it there.\n"


class Plain(yaml.SafeDumper):
    """YAML without anchors: the parts that kinds share are written out."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the signature is PyYAML's
        """Never refer back."""
        return True


def rendered(kind: Kind) -> str:
    """The file of a kind."""
    return HEAD + yaml.dump(kind.definition, Dumper=Plain, sort_keys=False, width=120)


def write() -> None:
    """Write all files."""
    for kind in KINDS:
        (FOLDER / f"{kind.plural}.yaml").write_text(rendered(kind), encoding="utf-8")


if __name__ == "__main__":
    write()
