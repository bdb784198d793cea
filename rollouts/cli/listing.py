"""`list rollouts`: one line a rollout, once or as they change."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canary import is_blue_green, set_weight, step_text
from rollouts.cli.doorbell import Doorbell
from rollouts.cli.phase import desired, phase_of
from rollouts.cli.session import Session
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Collection, Query

COLUMNS = (
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
"""Titles and least widths; the last column is padded too."""
NAMESPACE, TIMESTAMP = ("NAMESPACE", 9), ("TIMESTAMP", 20)
GAP = 2


@click.group(help="List rollouts")
def listing() -> None:
    """The group of `list`."""


@listing.command("rollouts", cls=CobraCommand)
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
    columns = [*lead, *([NAMESPACE] if all_namespaces else []), *COLUMNS]
    rows = _rows(session, session.api.list_all(collection, query), columns)
    if not rows and not watch:
        click.echo("No resources found.", err=True)
        return
    widths = _widths(columns, rows)
    _print([[title for title, _ in columns], *rows], widths)
    if watch:
        _follow(session, (collection, query), columns, rows)


listing.add_command(rollouts, "rollout")
listing.add_command(rollouts, "ro")


def _follow(
    session: Session, watched: tuple[Collection, Query], columns: list[tuple[str, int]], shown: list[list[str]]
) -> None:
    bell = Doorbell(session, [watched])
    try:
        for is_rung in bell.rings():
            if not is_rung:
                continue
            rows = _rows(session, session.api.list_all(*watched), columns)
            known = {tuple(_untimed(row, columns)) for row in shown}
            changed = [row for row in rows if tuple(_untimed(row, columns)) not in known]
            _print(changed, _widths(columns, rows))
            shown = rows
    finally:
        bell.close()


def _untimed(row: list[str], columns: list[tuple[str, int]]) -> list[str]:
    return row[1:] if columns[0] == TIMESTAMP else row


def _rows(session: Session, found: Iterable[Mapping[str, Any]], columns: list[tuple[str, int]]) -> list[list[str]]:
    ordered = sorted(found, key=lambda ro: (ro["metadata"].get("namespace", ""), ro["metadata"]["name"]))
    stamp = session.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return [[{"TIMESTAMP": stamp, **_cells(ro)}[title] for title, _ in columns] for ro in ordered]


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


def _widths(columns: list[tuple[str, int]], rows: list[list[str]]) -> list[int]:
    return [max(least, *(len(row[index]) for row in rows), 0) for index, (_, least) in enumerate(columns)]


def _print(rows: list[list[str]], widths: list[int]) -> None:
    for row in rows:
        click.echo((" " * GAP).join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))
