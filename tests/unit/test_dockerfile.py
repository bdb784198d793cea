"""The image: its file is linted, and its build commands are run in an empty folder (no Docker needed)."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/opt/sluice"
USER = 999


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile."""

    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, FROM first."""
    found: list[list[Instruction]] = []
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.fullmatch(r"([A-Z]+) (.*)", line):
            if match[1] == "FROM":
                found.append([])
            found[-1].append(Instruction(match[1], match[2]))
    return found


def value(stage: list[Instruction], word: str) -> str:
    """What the stage's last instruction of that word says."""
    return [instruction.rest for instruction in stage if instruction.word == word][-1]


def test_hadolint_finds_nothing() -> None:
    """The linter of Dockerfiles is content."""
    hadolint = Path(sys.executable).with_name("hadolint")

    result = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60)

    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    """A numeric user lets Kubernetes check runAsNonRoot; the entry point is the program itself, without a shell."""
    final = stages()[-1]

    assert value(final, "USER") == f"{USER}:{USER}"
    assert json.loads(value(final, "ENTRYPOINT")) == ["sluice"]
    assert json.loads(value(final, "CMD")) == ["controller"]


def test_the_context_holds_all_that_is_copied() -> None:
    """What the build copies is let through by .dockerignore, and nothing else is."""
    let_through = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {
        path for instruction in stages()[0] if instruction.word == "COPY" for path in shlex.split(instruction.rest)[:-1]
    }

    assert copied == let_through


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that another user may enter."""
    path = Path(tempfile.mkdtemp(prefix="sluice-image-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def python_for_all() -> str:
    """A Python that another user may run as well: one under root's home is closed to them."""
    candidates = [f"{sys.base_prefix}/bin/python3", "/usr/bin/python3", "/usr/local/bin/python3"]
    usable = (path for path in candidates if os.path.exists(path) and not _is_under_closed_folder(Path(path)))
    return next(usable, sys.executable)


def _is_under_closed_folder(path: Path) -> bool:
    return any(not parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def build(stage: list[Instruction], into: Path) -> None:
    """Carry out COPY and RUN of a stage, with its prefix moved into the folder."""
    source = into / "src"
    source.mkdir()
    for instruction in stage:
        if instruction.word == "COPY":
            _copy(shlex.split(instruction.rest), source)
        elif instruction.word == "RUN":
            command = instruction.rest.replace(PREFIX, str(into / "sluice"))
            command = re.sub(r"(^|&&\s+)python ", rf"\1{python_for_all()} ", command)
            subprocess.run(command, shell=True, cwd=source, check=True, env=_environment(), umask=0o022, timeout=600)


def _environment() -> dict[str, str]:
    """Ours but for a virtual environment that is active; pip's settings say where packages come from."""
    return {name: text for name, text in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}


def _copy(words: list[str], to: Path) -> None:
    for path in words[:-1]:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, to / words[-1], ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, to)


@pytest.mark.e2e
def test_the_build_commands_make_a_program_that_another_user_can_start(folder: Path) -> None:
    """The build stage, run in an empty folder, gives a compiled program that user 999 starts and cannot change."""
    build(stages()[0], folder)
    program = folder / "sluice" / "bin" / "sluice"
    user = USER if os.geteuid() == 0 else None

    result = subprocess.run(
        [program, "version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
        env={"HOME": "/"},
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert "0.1.0" in result.stdout
    compiled = next((folder / "sluice").glob("lib/python3*/site-packages/rollouts/__pycache__/__init__.*.pyc"))
    assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00"  # by hash, unchecked: no file is looked at twice
