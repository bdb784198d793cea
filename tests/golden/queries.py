"""flagger/queries: the built-in queries of every family, as Flagger's own code rendered them.

Covered are the built-in metrics; rendering of users' templates (Go's text/template) is not.
"""

from analysis.builtin import Target, family_of
from tests.golden.category import Category, Json


def _covers(given: Json) -> bool:
    return bool(given["function"] != "render")


def _query(given: Json) -> Json:
    model = given["model"]
    about = Target(*(model[field] for field in ("namespace", "target", "service", "ingress", "route")))
    return {"query": family_of(given["provider"]).query(given["function"], about, model["interval"])}


QUERIES = Category("flagger/queries", _query, covers=_covers)
