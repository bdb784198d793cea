"""README and docs/ speak of what is there: paths, make targets, commands, flags, and a manifest that runs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from rollouts.cli.backtest import backtest
from rollouts.cli.load import load
from rollouts.cli.loadtester import loadtester
from rollouts.cli.main import CLIENT, OWN
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json
from rollouts.controller.settings import FLAGS
from rollouts.dialects.argo.analysis import template_faults
from rollouts.dialects.argo.rollout import parse
from rollouts.model.strategy import Analyse, Canary
from rollouts.simulator.store import Store

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CHANGELOG.md",
    *sorted(str(page.relative_to(ROOT)) for room in ("docs", "examples") for page in (ROOT / room).rglob("*.md")),
)
ROOMS = tuple(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))))
FILE = re.compile(r"[\w.-]+(/[\w.-]+)*\.(md|py|yaml|toml|txt|gz)|Makefile|Dockerfile")
OF_COMMANDS = frozenset({"--expect", "--full", "--help", "--list", "--promote-after"})
"""Flags of our commands, as far as the pages name them; the controller's have a table of their own."""


def text_of(page: str) -> str:
    """A page as it stands."""
    return (ROOT / page).read_text(encoding="utf-8")


def quoted(page: str) -> Iterator[str]:
    """What stands in `backquotes`."""
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return (found.group(1) for found in re.finditer(r"`([^`\n]+)`", prose))


def is_path(token: str) -> bool:
    """Whether it names a file, or something in a room of this tree."""
    first, slash, _ = token.partition("/")
    return bool(FILE.fullmatch(token)) or (bool(slash) and first in ROOMS)


def makefile_targets() -> set[str]:
    """The targets that `make help` shows."""
    return set(re.findall(r"^([a-z.0-9]+):.*## ", text_of("Makefile"), flags=re.MULTILINE))


def the_manifest() -> Json:
    """The manifest of the README."""
    (block,) = re.findall(r"```yaml\n(.*?)```", text_of("README.md"), flags=re.DOTALL)
    manifest: Json = yaml.safe_load(block)
    return manifest


@pytest.mark.parametrize("page", PAGES)
def test_paths_and_links_lead_somewhere(page: str) -> None:
    """A file that moves takes its mention along."""
    beside = (ROOT / page).parent
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text_of(page)) if "://" not in link]
    lost = [link for link in links if not (beside / link).exists()]
    lost += [
        path for path in filter(is_path, quoted(page)) if not any((base / path).exists() for base in (ROOT, beside))
    ]

    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    """Every `make x` can be made."""
    code = [*quoted(page), *re.findall(r"^ {4}(.+)$", text_of(page), flags=re.MULTILINE)]
    named = {match.group(1) for line in code if (match := re.match(r"make ([a-z0-9]+)", line))}

    assert named <= makefile_targets()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ("docs/benchmarks.md", "docs/cli.md")]
)  # one's flags are a yardstick's, the other is written by the commands
def test_commands_and_flags_exist(page: str) -> None:
    """Every command of ours is one, and every flag is one of the controller's or of a command beside it."""
    text = text_of(page)
    commands = set(re.findall(r"kubectl sluice ([a-z]+)", text)) | set(re.findall(r"(?:`| {4})sluice ([a-z]+)", text))
    flags = set(re.findall(r"(--[A-Za-z][\w-]+)", "\n".join(quoted(page))))
    known = {f"--{flag.name}" for flag in FLAGS} | OF_COMMANDS
    known |= {flag for command in (backtest, load, loadtester) for option in command.params for flag in option.opts}

    assert commands <= {*CLIENT, *OWN}
    assert flags <= known


def test_the_readme_names_every_room() -> None:
    """A package without a line in the tree is one that nobody finds."""
    packages = {f"rollouts/{init.parent.name}/" for init in (ROOT / "rollouts").glob("*/__init__.py")}

    assert packages - set(quoted("README.md")) == set()


def test_the_readme_shows_how_to_test() -> None:
    """Every target that runs something is in the table."""
    assert {"test", "check", "e2e", "bench", "soak", "demo"} <= {
        token.removeprefix("make ") for token in quoted("README.md")
    }


def test_the_manifest_of_the_readme_is_without_fault() -> None:
    """The parser finds nothing, and the template that it names gets all its arguments."""
    rollout = parse(the_manifest())
    assert isinstance(rollout.strategy, Canary)
    templates = [yaml.safe_load((ROOT / "examples/analysis/success-rate.yaml").read_text(encoding="utf-8"))]
    (judged,) = (step.analysis for step in rollout.strategy.steps if isinstance(step, Analyse))

    assert rollout.faults == ()
    assert template_faults(judged, templates) == ()


async def test_an_api_server_takes_the_manifest_of_the_readme_whole() -> None:
    """The definition prunes nothing of it."""
    store = Store(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    store.load_definitions([ROOT / "crds"])
    manifest = the_manifest()

    created = await store.create(Collection(kinds.ROLLOUTS, "default"), manifest)

    assert created["spec"] == manifest["spec"]
