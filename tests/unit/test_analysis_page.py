"""docs/analysis.md teaches what is true: every expression, every verdict, every table and command of it is tried."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.asking import IN_A_ROW, OPEN_FOR, PER_ADDRESS, Asking
from analysis.builtin import FAMILIES, NAMES
from analysis.decide import ERROR_RETRY, JUST_AFTER, Taken, decide, record, settle
from analysis.errors import AnalysisError, ExpressionError, NoAnswerError
from analysis.expression.catalog import BUILTINS
from analysis.expression.conditions import evaluated, holds
from analysis.expression.frame import STEPS
from analysis.expression.functions import GIVEN
from analysis.expression.parser import LONGEST
from analysis.expression.types import type_of
from analysis.model import DEFAULT_ERROR_LIMIT, DEFAULT_RETENTION, Measurement, Metric, Phase, Rule, RunSpec, RunStatus
from analysis.providers import PROVIDERS, provider_of
from analysis.reach import Reach, address_of
from analysis.requests import LARGEST, Defaults, Http, Request, Server, Setting, asked_of
from analysis.runner import LONGEST_TEXT
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json
from rollouts.dialects.argo.analysis import faults_of, parse_metric, parse_template, template_faults
from rollouts.dialects.argo.rollout import parse
from rollouts.model.strategy import Analyse, AnalysisRef, Canary, TemplateRef
from rollouts.simulator.clock import run_virtual
from rollouts.simulator.store import Store
from tests.builders.cli import FakeApi, command, local

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LETTERS = {"✔": Phase.SUCCESSFUL, "✖": Phase.FAILED, "?": Phase.INCONCLUSIVE, "!": Phase.ERROR}


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in this language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def section(title: str) -> str:
    """What stands below a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's last table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    head = max(number for number, line in enumerate(lines) if line.startswith("|---"))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[head + 1 :]]


@dataclass(frozen=True)
class Example:
    """An expression of the page, what it is asked about, and what it gives."""

    expression: str
    result: Any
    gives: str


def result_of(text: str, kind: str) -> Any:
    """A result as a provider would give it."""
    value = json.loads(text.replace("nil", "null"), parse_int=float)
    return tuple(value) if kind == "vector" else value


def examples() -> Iterator[Example]:
    """Those of all blocks."""
    for block in blocks("conditions"):
        result: Any = None
        for line in block.splitlines():
            if found := re.fullmatch(r"result = (.+?)(?:  \((\w+)\))?", line):
                result = result_of(found[1], found[2] or "")
                continue
            expression, arrow, gives = line.partition(" → ")
            assert arrow, line
            yield Example(expression.strip(), result, gives.strip())


EXAMPLES = tuple(examples())


def answer(expression: str, result: Any) -> Any:
    """The value of an expression, which a condition need not be."""
    return evaluated(expression, type_of(result), result, NOW)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.expression for example in EXAMPLES])
def test_an_expression_gives_what_the_page_says(example: Example) -> None:
    """The value, of the same type; or the error, to the letter."""
    if example.gives.startswith("error: "):
        with pytest.raises(ExpressionError) as caught:
            holds(example.expression, example.result, NOW)
        assert str(caught.value).partition("\n")[0] == example.gives.removeprefix("error: ")
        return
    wanted, found = answer(example.gives, None), answer(example.expression, example.result)
    found = list(found) if isinstance(found, tuple) else found  # part of a vector
    assert (type(found), found) == (type(wanted), wanted)


def test_the_page_shows_enough_of_the_language() -> None:
    """Argo's six functions and every operator; of the built-ins, those that conditions use most."""
    shown = "\n".join(example.expression for example in EXAMPLES)
    named = {name for name in {*BUILTINS, *GIVEN} if f"{name}(" in shown}
    operators = ("&&", "||", "and", "or", "not", "in", "==", "<", ">=", "? ", ":", "??", "?.", "..", "**", "/", "#acc")
    words = ("matches", "contains", "startsWith", "let", "if", "|", "#", "[1:3]", "[-1]", "{a:")

    assert len(EXAMPLES) > 50
    assert len(named) > 20
    assert [word for word in (*operators, *words) if word not in shown] == []
    assert {f"`{name}`" for name in GIVEN} <= set(re.findall(r"`\w+`", section("Conditions")))


@pytest.mark.parametrize("line", blocks("verdicts")[0].splitlines())
def test_measurements_come_to_what_the_page_says(line: str) -> None:
    """Phase and reason, by the code that judges in life; not one measurement more is asked for."""
    settings, letters, phase, *reason = re.split(r" {2,}", line)
    spec, status = played(settings, [LETTERS[letter] for letter in letters.split()])

    assert (status.phase, status.completed is not None) == (phase, True)
    wanted = f'Metric "{spec.metrics[0].name}" assessed {phase} due to {reason[0]}' if reason else ""
    assert status.message == wanted


def played(settings: str, phases: list[Phase]) -> tuple[RunSpec, RunStatus]:
    """A run with one metric after these measurements, each taken when it is due."""
    fields = dict(pair.split(" ") for pair in settings.split(", "))
    metric = {"name": "rate", "interval": "1m", "provider": {"web": {}}}
    spec = RunSpec((parse_metric({**metric, **{name: int(value) for name, value in fields.items()}}),))
    status, now = RunStatus(), NOW
    for phase in phases:
        plan = decide(spec, status, now)
        assert [due.name for due in plan.due] == ["rate"], "the run is over already"
        status = settle(spec, record(spec, plan.status, Taken("rate", Measurement(phase, now, now))), now).status
        now += (ERROR_RETRY if phase is Phase.ERROR else timedelta(minutes=1)) + JUST_AFTER
    return spec, status


def manifests() -> list[Json]:
    """Those that the page shows."""
    return [yaml.safe_load(block) for block in blocks("yaml")]


def the(kind: str) -> list[Json]:
    """The manifests of a kind."""
    return [manifest for manifest in manifests() if manifest["kind"] == kind]


def test_the_templates_are_without_fault_and_serve_the_rollout() -> None:
    """Their metrics can run, and the rollout gives what its template wants."""
    (rollout,) = map(parse, the("Rollout"))
    assert isinstance(rollout.strategy, Canary)
    (judged,) = (step.analysis for step in rollout.strategy.steps if isinstance(step, Analyse))

    assert [faults_of(parse_template(template)) for template in the("AnalysisTemplate")] == [(), ()]
    assert (rollout.faults, template_faults(judged, the("AnalysisTemplate"))) == ((), ())


async def test_an_api_server_takes_the_manifests_whole() -> None:
    """The definitions prune nothing of them."""
    store = Store(lambda: NOW)
    store.load_definitions([ROOT / "crds"])
    for manifest in manifests():
        kind = kinds.ROLLOUTS if manifest["kind"] == "Rollout" else kinds.ANALYSIS_TEMPLATES
        created = await store.create(Collection(kind, "default"), manifest)
        assert created["spec"] == manifest["spec"]


def test_every_provider_is_in_the_table_with_its_example() -> None:
    """Those that the schema has lead to an example; the others are said to be Flagger's."""
    definition = yaml.safe_load((ROOT / "crds" / "analysistemplates.yaml").read_text())
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    known = spec["metrics"]["items"]["properties"]["provider"]["properties"].keys()
    table = {cells[0].strip("`"): cells for cells in rows("Providers")}

    assert table.keys() == PROVIDERS.keys()
    assert {name for name, cells in table.items() if cells[-1]} == known
    assert list(table)[-5:] == [name for name in table if name not in known]


def test_every_family_of_flagger_is_named() -> None:
    """And its two metrics."""
    named = set(re.findall(r"`([\w-]+)`", section("Providers").partition("Flagger's two built-in")[2]))

    assert {*FAMILIES, *NAMES} == named


def test_lint_says_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the misspelt condition; without it, nothing."""
    monkeypatch.chdir(tmp_path)
    file, written = tmp_path / "shop-errors.yaml", blocks("yaml")[0]
    file.write_text(written)
    assert local("lint", "shop-errors.yaml").code == 0

    file.write_text(re.sub("successCondition: .*", "successCondition: reslut[0] <= 0.02", written))
    outcome = local("lint", "shop-errors.yaml")

    assert outcome.code == 1
    assert f"```\n{outcome.stdout}```" in PAGE


def test_the_run_of_the_page_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its command as it stands, with the argument that it gives."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop-errors.yaml").write_text(blocks("yaml")[0])
    (line,) = re.findall(r"^ {4}kubectl sluice (create .*)$", PAGE, flags=re.MULTILINE)
    api = FakeApi([])

    assert command(line.split(), api).code == 0
    (write,) = api.writes
    assert write["object"]["metadata"]["name"] == "try-1"
    assert write["object"]["spec"]["args"] == [{"name": "hash", "value": "5c7"}]


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """Limits that nobody sets."""
    way, conditions, life = section("The way to a service"), section("Conditions"), section("The life of a metric")
    seconds = int(OPEN_FOR.total_seconds())

    assert f"{PER_ADDRESS} requests at once. After {IN_A_ROW} in a row without an answer" in way
    assert f"left alone for {seconds} s" in way
    assert f"{LARGEST // 2**20} MiB; {LONGEST_TEXT // 2**10} KiB of its value" in way
    assert f"{LONGEST:,} characters, {STEPS:,} steps" in conditions
    assert f"after {int(ERROR_RETRY.total_seconds())} seconds" in life
    assert f"errors in a row are borne | {DEFAULT_ERROR_LIMIT} |" in life
    assert f"measurements the run keeps ({DEFAULT_RETENTION})" in life


class Down:
    """A metric service that cannot be reached, or (after 1 s of patience and some grace) never says a word."""

    defaults = Defaults()

    def __init__(self, *, hangs: bool = False) -> None:
        self.hangs = hangs

    async def ask(self, request: Request) -> Any:
        """No answer."""
        await asyncio.sleep(3600 if self.hangs else 0)
        raise NoAnswerError(f"{asked_of(request)} cannot be asked")

    async def close(self) -> None:
        """Nothing to close."""


def last_of(requests: int, *, at_once: bool) -> str:
    """What the last of so many requests to a service that is down hears."""

    async def asked() -> str:
        asking, request = Asking(Down(hangs=at_once)), Http(Server("http://down.example"))
        if at_once:
            heard = await asyncio.gather(*(asking.ask(request) for _ in range(requests)), return_exceptions=True)
            return str(heard[-1])
        for _ in range(requests - 1):
            with suppress(NoAnswerError):
                await asking.ask(request)
        return await said_by(asking.ask(request))

    return run_virtual(asked())


async def said_by(asked: Awaitable[Any]) -> str:
    """The words of its error."""
    try:
        return str(await asked)
    except AnalysisError as error:
        return str(error)


def first_round(**fields: Any) -> str:
    """The message of a run with one metric after its first round."""
    spec = RunSpec((replace(parse_metric({"name": "errors", "provider": {"web": {}}}), **fields),))
    return decide(replace(spec, dry_run=(Rule("latency"),) if not fields else ()), RunStatus(), NOW).status.message


def unasked(metric: Metric) -> str:
    """What a provider says before it asks."""
    with pytest.raises(AnalysisError) as caught:
        next(provider_of(metric.provider).run(metric, Setting(NOW)))
    return str(caught.value)


def refused(condition: str, result: Any) -> str:
    """What is wrong with a condition."""
    with pytest.raises(ExpressionError) as caught:
        holds(condition, result, NOW)
    return str(caught.value)


def without_arguments() -> str:
    """What the rollout of the page hears if it gives none."""
    ref = AnalysisRef((TemplateRef("shop-errors"),))
    return template_faults(ref, the("AnalysisTemplate"))[0].message


PRODUCED: dict[str, Callable[[], str]] = {
    "failed (2)": lambda: played("count 5, failureLimit 1", [Phase.FAILED, Phase.FAILED])[1].message,
    "metric result is nil": lambda: refused("result[0] > 1", ()),
    "unknown name reslut": lambda: refused("reslut[0] > 1", 1.0),
    "mismatched types": lambda: refused("result > '1'", 1.0),
    "failed to resolve": lambda: first_round(success_condition="result < {{args.hash}}"),
    "args.hash was not": without_arguments,
    "unknown metric provider": lambda: unasked(Metric("errors", "promtheus")),
    "prometheus address": lambda: unasked(Metric("errors", "prometheus", {"query": "up"})),
    "is denied": lambda: Reach().refusal("metadata", address_of("169.254.169.254")),
    "is not asked for": lambda: last_of(6, at_once=False),
    "is busy": lambda: last_of(17, at_once=True),
    "Rule didn't match": first_round,
}
"""How each message of the table comes about, by the words that it begins with there."""


@pytest.mark.parametrize("row", rows("When it says no"), ids=lambda row: str(row[0]))
def test_a_message_is_worded_as_the_page_says(row: list[str]) -> None:
    """Each row's message is what the code says in that case."""
    shown = row[0].strip("`")
    (produce,) = (produce for beginning, produce in PRODUCED.items() if shown.startswith(beginning))

    assert shown in produce()


def test_every_message_that_can_be_produced_is_on_the_page() -> None:
    """A row that goes takes its case along."""
    assert len(rows("When it says no")) == len(PRODUCED)
