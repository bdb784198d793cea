"""What `kubectl explain` and a plain `kubectl apply` have to do with our definitions, on whatever cluster.

Used by the embedded cluster's test and by the real one's: both hand in a way to run kubectl.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tools.crds.definitions import KINDS

Json = dict[str, Any]
Run = Callable[..., Awaitable[str]]
ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = {
    "rollout.spec.strategy.canary": ("Shifts traffic in steps.", "dynamicStableScale", "<boolean>"),
    "ro.spec.strategy.canary.steps.setHeaderRoute": ("Sends requests with certain headers", "match", "<[]Object>"),
    "rollout.status.duration": ("How long the update takes.", "totalManualPauseDurationSeconds", "<integer>"),
    "rollout.spec.template": ("The pods of this version.", "spec", "<Object>"),
    "ar.status.metricResults.measurements": ("resumeAt", "<string>"),
    "exp.spec.templates": ("selector", "<Object> -required-"),
    "cat.spec.metrics.provider.prometheus": ("rangeQuery", "<Object>"),
}
"""What `kubectl explain` is asked, and what must stand in its answer."""
MOST_ANNOTATION_BYTES = 262_144


async def explains_every_field(kubectl: Run) -> None:
    """Assert that kubectl explains certain fields in our words, and names every field of every kind."""
    for path, expected in EXPLAINED.items():
        said = await kubectl("explain", path)
        assert [word for word in expected if word not in said] == [], path
    for kind in KINDS:
        said = await kubectl("explain", kind.plural, "--recursive")
        listed = {line.split("\t")[0].strip() for line in said.splitlines()}
        assert _names(kind.schema) - listed == set(), kind.plural


async def takes_plain_applies(kubectl: Run) -> None:
    """Assert that a client-side apply takes every definition, notes it down in its annotation, and is then content."""
    for kind in KINDS:
        path = str(ROOT / "crds" / f"{kind.plural}.yaml")
        await kubectl("apply", f"--filename={path}")
        again = await kubectl("apply", f"--filename={path}")
        noted = await kubectl("apply", "view-last-applied", f"--filename={path}", "--output=json")
        assert again.strip().endswith("unchanged"), again
        assert len(noted) < MOST_ANNOTATION_BYTES


def _names(schema: Json) -> set[str]:
    properties = schema.get("properties", {})
    inner = [*properties.values(), *([schema["items"]] if "items" in schema else ())]
    return set(properties).union(*map(_names, inner))
