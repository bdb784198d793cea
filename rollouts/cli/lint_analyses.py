"""What is wrong with metrics that only a measurement shows: found by trying them, without asking anybody.

Called by lint_check. Each metric gets its arguments, and its provider goes as far as its first request. An argument
without a value of its own gets several words in turn; what is wrong with all of them is a fault.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from analysis.errors import AnalysisError, ArgumentError, ExpressionError, SettingsError
from analysis.expression.conditions import check
from analysis.model import Arg, Metric
from analysis.providers import PROVIDERS
from analysis.requests import Defaults, Setting
from analysis.template import resolve
from rollouts.cluster.port import Json
from rollouts.dialects.argo.analysis import parse_template
from rollouts.model.faults import Fault

UNDECLARED = "failed to resolve "
"""How the fault of an argument begins that the template does not have. Another template beside it may."""
_CURES: Mapping[type, str] = {
    ArgumentError: "declare the argument under spec.args",
    ExpressionError: "correct the condition",
}
_WORDS = ("1", "http://metrics.example", "1m", "true")
_SETTING = Setting(
    datetime(2026, 1, 1, tzinfo=UTC), Defaults("http://prometheus.example", {"AWS_REGION": "eu-central-1"})
)
Look = Callable[[Metric], None]


def trial_faults(obj: Json) -> Iterator[Fault]:
    """Settings that no provider can work with, arguments that are not there, conditions that arguments break."""
    template = parse_template(obj)
    for index, metric in enumerate(template.metrics):
        for path, look in _looks(metric):
            said = _said(metric, template.args, look)
            if said is not None and not (template.nested and isinstance(said, ArgumentError)):
                yield Fault(f"spec.metrics[{index}].{path}", str(said), _CURES.get(type(said), ""))
                break


def _looks(metric: Metric) -> Iterator[tuple[str, Look]]:
    """Each with the field that it is about. Conditions without arguments are read elsewhere."""
    yield f"provider.{metric.provider}", _asks
    if "{{" in metric.success_condition:
        yield "successCondition", lambda filled: check(filled.success_condition)
    if "{{" in metric.failure_condition:
        yield "failureCondition", lambda filled: check(filled.failure_condition)


def _said(metric: Metric, args: Sequence[Arg], look: Look) -> AnalysisError | None:
    """What is wrong whatever the arguments without a value may be."""
    said = [_tried(metric, {arg.name: arg.value or word for arg in args}, look) for word in _WORDS]
    return said[0] if all(said) else None


def _tried(metric: Metric, values: Mapping[str, str], look: Look) -> AnalysisError | None:
    try:
        look(resolve(metric, values))
    except (SettingsError, ExpressionError) as error:
        return error
    return None


def _asks(metric: Metric) -> None:
    """Let the provider go as far as its first request."""
    if metric.provider in PROVIDERS:
        next(PROVIDERS[metric.provider].run(metric, _SETTING), None)
