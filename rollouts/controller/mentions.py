"""Which objects a rollout names, and which rollouts name an object. Used by wiring to turn a change into wakes.

An index, so that a changed Service wakes its rollouts without a look at all the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rollouts.cluster import kinds
from rollouts.controller.kinds.protocol import Key
from rollouts.model.objects import Ref, Selection
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Analyse, AnalysisRef, BlueGreen, Canary, Progressive, TemplateRef
from rollouts.traffic.registry import PROVIDERS, Providers, routers_of

BACKGROUND = "spec.strategy.canary.analysis"
"""Where the analysis stands that runs beside the steps, and that no step waits for."""


class Mentions:
    """The index, both ways."""

    def __init__(self) -> None:
        self._named: dict[Key, tuple[Ref, ...]] = {}
        self._namers: defaultdict[Ref, set[Key]] = defaultdict(set)

    def update(self, key: Key, refs: Iterable[Ref]) -> tuple[Ref, ...]:
        """From now on this object names just these. What it names no more, in its order: that of a set is chance."""
        now, before = tuple(dict.fromkeys(refs)), self._named.get(key, ())
        gone = tuple(ref for ref in before if ref not in now)
        for ref in gone:
            self._namers[ref].discard(key)
            if not self._namers[ref]:
                del self._namers[ref]
        for ref in now:
            self._namers[ref].add(key)
        if now:
            self._named[key] = now
        else:
            self._named.pop(key, None)
        return gone

    def naming(self, kind: tuple[str, str]) -> tuple[Key, ...]:
        """Who names some object of this kind. Rare enough to ask about all of them."""
        namers = (keys for ref, keys in self._namers.items() if (ref.api_version, ref.kind) == kind)
        return tuple(sorted({key for keys in namers for key in keys}))

    def of(self, ref: Ref) -> tuple[Key, ...]:
        """Who names this object."""
        return tuple(sorted(self._namers.get(ref, ())))


def mentioned_by(rollout: Rollout, providers: Providers = PROVIDERS) -> Iterator[Ref]:
    """Every object that the manifest names, whether it exists or not (nested templates excepted)."""
    for name in services_of(rollout):
        yield Ref(kinds.SERVICES.api_version, kinds.SERVICES.kind, rollout.namespace, name)
    for router in routers_of(rollout, providers):
        yield from providers[router.provider].touches(rollout, router)
    for _path, analysis in analyses_of(rollout):
        for template in analysis.templates:
            yield template_ref(template, rollout.namespace)


def selected_by(rollout: Rollout, providers: Providers = PROVIDERS) -> Iterator[Selection]:
    """The objects that the manifest names by their labels."""
    for router in routers_of(rollout, providers):
        yield from providers[router.provider].selects(rollout, router)


def services_of(rollout: Rollout) -> tuple[str, ...]:
    """The Services that the rollout points at versions, without repeats."""
    match rollout.strategy:
        case Canary(stable_service=stable, canary_service=canary, ping_pong=pair):
            names: tuple[str, ...] = (stable, canary, *((pair.ping, pair.pong) if pair else ()))
        case BlueGreen(active_service=active, preview_service=preview):
            names = (active, preview)
        case Progressive():
            names = ()
    return tuple(dict.fromkeys(name for name in names if name))


def analyses_of(rollout: Rollout) -> tuple[tuple[str, AnalysisRef], ...]:
    """Every analysis that the strategy may start, with the field path at which it stands."""
    match rollout.strategy:
        case Canary(steps=steps, background=background):
            found: list[tuple[str, AnalysisRef | None]] = [
                (f"spec.strategy.canary.steps[{index}].analysis", step.analysis)
                for index, step in enumerate(steps)
                if isinstance(step, Analyse)
            ]
            found.append((BACKGROUND, background))
        case BlueGreen(pre_promotion=before, post_promotion=after):
            prefix = "spec.strategy.blueGreen"
            found = [(f"{prefix}.prePromotionAnalysis", before), (f"{prefix}.postPromotionAnalysis", after)]
        case Progressive():
            found = []
    return tuple((path, analysis) for path, analysis in found if analysis is not None)


def template_ref(template: TemplateRef, namespace: str) -> Ref:
    """Where this template lives."""
    resource = kinds.CLUSTER_ANALYSIS_TEMPLATES if template.cluster_scope else kinds.ANALYSIS_TEMPLATES
    return Ref(resource.api_version, resource.kind, "" if template.cluster_scope else namespace, template.name)
