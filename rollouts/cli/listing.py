"""`list rollouts`, `list experiments`, `list canaries`: one line each, page by page as they come, or as they change."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from rollouts.cli.ages import human, in_seconds, moment, since
from rollouts.cli.arguments import CobraCommand, CobraGroup
from rollouts.cli.canary import is_blue_green, set_weight, step_text
from rollouts.cli.mirror import PAGE, Mirror
from rollouts.cli.phase import desired, phase_of
from rollouts.cli.session import Session
from rollouts.cluster.kinds import CANARIES, EXPERIMENTS, ROLLOUTS
from rollouts.cluster.port import Collection, Json, Query

Column = tuple[str, int]
Cells = Callable[[Json], dict[str, str]]
"""What a line shows, by title."""
COLUMNS: Sequence[Column] = (
    ("NAME", 10),
    ("STRATEGY", 9),
    ("STATUS", 12),
    ("STEP", 4),
    ("SET-WEIGHT", 10),
    ("READY", 5),
    ("DESIRED", 7),
    ("UP-TO-DATE", 10),
    ("AVAILABLE", 9),
)
"""Titles and least widths."""
EXPERIMENT_COLUMNS: Sequence[Column] = (("NAME", 10), ("STATUS", 6), ("DURATION", 8), ("REMAINING", 9), ("AGE", 3))
NAMESPACE, TIMESTAMP = ("NAMESPACE", 9), ("TIMESTAMP", 20)
GAP = 2
ENDED = ("Successful", "Failed", "Error", "Inconclusive")


@click.group(
    "list",
    cls=CobraGroup,
    use="<rollouts|experiments|canaries>",
    examples="""
  # List rollouts
  kubectl argo rollouts list rollouts

  # List experiments
  kubectl argo rollouts list experiments

  # List Canaries
  kubectl argo rollouts list canaries
""",
)
def listing() -> None:
    """List rollouts, experiments or Canaries."""


@listing.command(
    "rollouts",
    cls=CobraCommand,
    aliases=("ro", "rollout"),
    examples="""
	# List rollouts
	kubectl argo rollouts list rollouts

	# List rollouts with a specific name
	kubectl argo rollouts list rollouts --name my-rollout

	# List rollouts from all namespaces
	kubectl argo rollouts list rollouts --all-namespaces

	# List rollouts and watch for changes
	kubectl argo rollouts list rollouts --watch
""",
)
@click.option("-A", "--all-namespaces", is_flag=True, help="From every namespace.")
@click.option("--name", default="", help="Only the rollout of this name.")
@click.option("-w", "--watch", is_flag=True, help="Print a line again whenever it changes.")
@click.option("--timestamps", is_flag=True, help="Print the time of each line.")
@click.pass_obj
def rollouts(session: Session, all_namespaces: bool, name: str, watch: bool, timestamps: bool) -> None:
    """List rollouts with strategy, phase, step and replicas."""
    collection = Collection(ROLLOUTS, None if all_namespaces else session.namespace)
    query = Query(fields=f"metadata.name={name}" if name else "")
    lead = [TIMESTAMP] if timestamps else []
    table = Table([*lead, *([NAMESPACE] if all_namespaces else []), *COLUMNS])
    _list(session, (collection, query), table, _cells, watch=watch)


@listing.command(
    "canaries",
    cls=CobraCommand,
    aliases=("canary",),
    examples="""
  # List Canaries with phase, weight and failed checks
  kubectl argo rollouts list canaries

  # List Canaries from all namespaces, and watch for changes
  kubectl argo rollouts list canaries --all-namespaces --watch
""",
)
@click.option("-A", "--all-namespaces", is_flag=True, help="From every namespace.")
@click.option("-w", "--watch", is_flag=True, help="Print a line again whenever it changes.")
@click.pass_obj
def canaries(session: Session, all_namespaces: bool, watch: bool) -> None:
    """List Canaries with phase, weight, iteration and failed checks."""
    from rollouts.cli.canaries.found import failed_target
    from rollouts.cli.canaries.rows import COLUMNS as COLUMNS_OF_CANARIES
    from rollouts.cli.canaries.rows import cells

    collection = Collection(CANARIES, None if all_namespaces else session.namespace)
    table = Table([*([NAMESPACE] if all_namespaces else []), *COLUMNS_OF_CANARIES])

    def line(manifest: Json) -> dict[str, str]:
        return cells(manifest, None if watch else failed_target(session, manifest))

    _list(session, (collection, Query()), table, line, watch=watch)


@listing.command(
    "experiments",
    cls=CobraCommand,
    aliases=("exp", "experiment"),
    examples="""
  # List experiments
  kubectl argo rollouts list experiments

  # List experiments from all namespaces
  kubectl argo rollouts list experiments --all-namespaces
""",
)
@click.option("-A", "--all-namespaces", is_flag=True, help="From every namespace.")
@click.pass_obj
def experiments(session: Session, all_namespaces: bool) -> None:
    """List experiments with phase, duration and what is left of it."""
    collection = Collection(EXPERIMENTS, None if all_namespaces else session.namespace)
    table = Table([*([NAMESPACE] if all_namespaces else []), *EXPERIMENT_COLUMNS])
    for page in _pages(session, collection, Query()):
        table.print(_experiment_cells(found, session.now()) for found in page)
    if not table.is_begun:
        click.echo("No resources found.", err=True)


class Table:
    """Rows under titles. Columns are as wide as the first page needs, and grow where a later one needs more."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._titles = [title for title, _ in columns]
        self._widths = [least for _, least in columns]
        self._last = columns[-1][1]
        self.is_begun = False

    def print(self, rows: Iterable[Mapping[str, str]], *, is_headed: bool = False) -> None:
        """The rows, before the first of them the titles (which `is_headed` asks for even without rows)."""
        cells = [[row[title] for title in self._titles] for row in rows]
        if not self.is_begun and (cells or is_headed):
            cells.insert(0, self._titles)
            self.is_begun = True
        for row in cells:
            self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, row, strict=True)]
        text = "".join(f"{self._line(row)}\n" for row in cells)
        if text:
            click.echo(text, nl=False)

    def _line(self, row: Iterable[str]) -> str:
        # Argo: nothing stands behind the last column, so its cells are as wide as the least, not as the widest.
        widths = [*self._widths[:-1], self._last]
        return (" " * GAP).join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))


def _pages(session: Session, collection: Collection, query: Query) -> Iterator[tuple[Json, ...]]:
    """Each page in order of namespace and name; no more than one is in memory."""
    token = ""
    while True:
        page = session.api.list(collection, Query(query.labels, query.fields, limit=PAGE, token=token))
        yield tuple(sorted(page.items, key=_key))
        token = page.token
        if not token:
            return


def _list(session: Session, watched: tuple[Collection, Query], table: Table, cells: Cells, *, watch: bool) -> None:
    """Print a line for each, and again whenever it becomes another."""
    shown: dict[tuple[str, str], dict[str, str]] = {}
    for page in _pages(session, *watched):
        fresh = {_key(obj): cells(obj) for obj in page}
        table.print(_stamped(session, fresh.values()), is_headed=watch)
        if watch:
            shown.update(fresh)
    if watch:
        _follow(session, watched, table, cells, shown)
    elif not table.is_begun:
        click.echo("No resources found.", err=True)


def _follow(
    session: Session,
    watched: tuple[Collection, Query],
    table: Table,
    cells: Cells,
    shown: dict[tuple[str, str], dict[str, str]],
) -> None:
    """Print each line that is another than the last of its object."""
    mirror = Mirror(session, [watched])
    trouble = ""
    try:
        for _ in mirror.rings():
            if mirror.trouble != trouble:
                trouble = mirror.trouble
                click.echo(f"Warning: {trouble or 'connected again'}", err=True)
            if not mirror.is_ready:
                continue
            now = {_key(obj): cells(obj) for obj in mirror.objects(watched[0].resource)}
            table.print(_stamped(session, (row for key, row in now.items() if shown.get(key) != row)))
            shown = now
    finally:
        mirror.close()


def _key(obj: Json) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _stamped(session: Session, rows: Iterable[dict[str, str]]) -> Iterable[dict[str, str]]:
    stamp = session.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return [{"TIMESTAMP": stamp, **row} for row in rows]


def _cells(ro: Mapping[str, Any]) -> dict[str, str]:
    status = ro.get("status") or {}
    return {
        "NAMESPACE": ro["metadata"].get("namespace", ""),
        "NAME": ro["metadata"]["name"],
        "STRATEGY": "BlueGreen" if is_blue_green(ro) else "Canary",
        "STATUS": phase_of(ro).name,
        "STEP": step_text(ro) or "-",
        "SET-WEIGHT": "-" if is_blue_green(ro) else str(set_weight(ro)),
        "READY": f"{status.get('readyReplicas') or 0}/{status.get('replicas') or 0}",
        "DESIRED": str(desired(ro)),
        "UP-TO-DATE": str(status.get("updatedReplicas") or 0),
        "AVAILABLE": str(status.get("availableReplicas") or 0),
    }


def _experiment_cells(experiment: Json, now: datetime) -> dict[str, str]:
    duration = in_seconds((experiment.get("spec") or {}).get("duration") or "")
    status = experiment.get("status") or {}
    return {
        "NAMESPACE": experiment["metadata"].get("namespace", ""),
        "NAME": experiment["metadata"]["name"],
        "STATUS": status.get("phase") or "",
        "DURATION": human(duration) if duration is not None else "-",
        "REMAINING": _remaining(experiment, now),
        "AGE": since(experiment["metadata"].get("creationTimestamp"), now),
    }


def _remaining(experiment: Json, now: datetime) -> str:
    """What is left of its duration, which is counted from the moment when all its templates were available."""
    status = experiment.get("status") or {}
    duration = in_seconds((experiment.get("spec") or {}).get("duration") or "")
    begun = moment(status.get("availableAt"))
    if duration is None or begun is None or status.get("phase") in ENDED:
        return "-"
    left = begun + duration - now
    return human(left) if left.total_seconds() > 0 else "-"
