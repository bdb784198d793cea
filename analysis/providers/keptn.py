"""Keptn: the value of a KeptnMetric, or whether an Analysis passes, as a number (1 or 0).

Metric templates name it. `query` is `keptnmetric/namespace/name` or `analysis/namespace/name/duration/key=value;…`. For
an analysis an object is made, looked at every second for ten seconds at most, and deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analysis.errors import NoDataError, ProviderError, SettingsError
from analysis.model import Measurement, Metric, Phase
from analysis.providers.reading import Fields, at, number_value
from analysis.requests import Cluster, Flow, Outcome, Pending, Provider, Setting, Value, Verb, Verdict

API = "metrics.keptn.sh/v1beta1"
METRICS, ANALYSES = "keptnmetrics", "analyses"
PATIENCE = timedelta(seconds=10)
AGAIN_AFTER = timedelta(seconds=1)
OBJECT = "analysis"
_KINDS = {"keptnmetric": METRICS, METRICS: METRICS, "analysis": ANALYSES, ANALYSES: ANALYSES}
_FORM = "<keptnmetric|analysis>/<namespace>/<resourceName>/<duration>/<arguments>"


@dataclass(frozen=True, slots=True)
class _Query:
    plural: str
    namespace: str
    name: str
    span: str = "1m"
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"{self.namespace}/{self.name}"


def run(metric: Metric, setting: Setting) -> Flow:
    """Read the metric, or start the analysis."""
    query = _parsed(Fields(metric).text("query"))
    if query.plural == METRICS:
        found = yield Cluster(Verb.GET, API, METRICS, query.namespace, query.name)
        return _metric_value(found, query)
    name = f"{query.name}-{setting.run.uid[:8] or 'trial'}-{setting.number}"
    yield Cluster(Verb.CREATE, API, ANALYSES, query.namespace, body=_analysis(query, name))
    return Pending(setting.now + AGAIN_AFTER, {OBJECT: name})


def resume(metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """See how the analysis fares; its object goes with the answer."""
    query, name = _parsed(Fields(metric).text("query")), pending.metadata.get(OBJECT, "")
    found = yield Cluster(Verb.GET, API, ANALYSES, query.namespace, name)
    outcome = _outcome(found, query)
    if outcome is None and setting.now - (pending.started or setting.now) < PATIENCE:
        return Pending(setting.now + AGAIN_AFTER, pending.metadata)
    yield Cluster(Verb.DELETE, API, ANALYSES, query.namespace, name)
    if outcome is None:
        raise ProviderError(f"encountered timeout while waiting for Keptn Analysis {query.title} to be finished")
    return outcome


def terminate(metric: Metric, pending: Measurement, _setting: Setting) -> Flow:
    """Take the object away."""
    query, name = _parsed(Fields(metric).text("query")), pending.metadata.get(OBJECT, "")
    yield Cluster(Verb.DELETE, API, ANALYSES, query.namespace, name)
    return Verdict(Phase.SUCCESSFUL, metadata=pending.metadata)


def _outcome(found: Any, query: _Query) -> Outcome | None:
    if found is None:
        raise ProviderError(f"could not check status of created Keptn Analysis {query.title}: it is gone")
    passed = at(found, "status", "pass")
    if at(found, "status", "state") != "Completed" or not isinstance(passed, bool):
        return None
    return number_value(1.0 if passed else 0.0, "Keptn")


def _metric_value(found: Any, query: _Query) -> Value:
    if found is None:
        raise ProviderError(f"could not retrieve KeptnMetric {query.title}: not found")
    text = at(found, "status", "value")
    if not isinstance(text, str):
        raise NoDataError(f"could not retrieve KeptnMetric - no value found in resource {query.title}")
    try:
        return number_value(float(text), "Keptn")
    except ValueError as error:
        raise ProviderError(f"could not parse value of KeptnMetric {query.title} to float: {text!r}") from error


def _parsed(query: str) -> _Query:
    parts = query.lower().strip().split("/")
    if len(parts) < 3:
        raise SettingsError(f"unexpected query format. query must be in the format {_FORM}")
    if parts[0] not in _KINDS:
        raise SettingsError(
            "unexpected resource kind provided in the query. must be one of: ['keptnmetric', 'analysis']"
        )
    pairs = [pair.split("=") for pair in parts[4].split(";")] if len(parts) > 4 else []
    args = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return _Query(_KINDS[parts[0]], parts[1], parts[2], parts[3] if len(parts) > 3 else "1m", args)


def _analysis(query: _Query, name: str) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "Analysis",
        "metadata": {"name": name, "namespace": query.namespace},
        "spec": {
            "analysisDefinition": {"name": query.name},
            "timeframe": {"recent": query.span},
            "args": dict(query.args),
        },
    }


PROVIDER = Provider(run=run, resume=resume, terminate=terminate)
