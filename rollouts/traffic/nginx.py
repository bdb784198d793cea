"""Weights on ingress-nginx: a second Ingress beside each stable one (spec/argo-rollouts.md §4).

The canary Ingress is the rollout's own: it repeats the rules that lead to the stable Service, with the canary Service
in its place, and carries the weight in its annotations. The stable Ingress is only read. Header and mirror routes are
none of ingress-nginx's; requests can be picked by `additionalIngressAnnotations`.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from rollouts.model import patches
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Create, Json, Modify, Ref, Remove
from rollouts.model.plan import Event
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic import bodies
from rollouts.traffic.bodies import annotations, names
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

API_VERSION = "networking.k8s.io/v1"
CLASS = "kubernetes.io/ingress.class"
TOTAL = 100
_LONGEST = 253
_SUFFIX = "-canary"
_PREFIX = "nginx.ingress.kubernetes.io"
_PATH = "spec.strategy.canary.trafficRouting.nginx.stableIngress"
_LEASED = ("canary", "canary-weight", "canary-weight-total")


@dataclass(frozen=True, slots=True)
class Nginx(Silent):
    """The provider. Stateless: settings and objects come with every call."""

    name: str = "nginx"
    kinds: tuple[Kind, ...] = ((API_VERSION, "Ingress"),)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The stable Ingresses, and the canary Ingress of each."""
        return tuple(ref for pair in _pairs(rollout, router) for ref in pair)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Stable Ingresses that are missing, or that do not lead to the stable Service."""
        pairs = _pairs(rollout, router)
        if not pairs:
            return (Fault(_PATH, "names no Ingress", "set stableIngress or stableIngresses"),)
        told = ((ref.name, _complaint(rollout, ref, objects.get(ref))) for ref, _ in pairs)
        cure = "create the Ingress, or name one that has a rule for the stable Service"
        return tuple(Fault(_PATH, f'Invalid value: "{name}": {why}', cure) for name, why in told if why)

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """What the canary Ingresses agree on; one that is not there gives the canary nothing."""
        prefix = _prefix(router)
        total = rollout.strategy.max_weight if isinstance(rollout.strategy, Canary) else TOTAL
        seen = [_weights(objects.get(canary), prefix, total) for _, canary in _pairs(rollout, router)]
        return bodies.agreed(seen, "no stable Ingress is named")

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Canary Ingresses made, or patched in what differs; the first that cannot be ends it."""
        done = Rendered()
        if Part.WEIGHTS not in desired.parts:
            return done
        for stable, canary in _pairs(rollout, router):
            one = _rendered(rollout, router, (objects.get(stable), objects.get(canary)), (stable, canary), desired)
            done = replace(one, changes=(*done.changes, *one.changes), events=(*done.events, *one.events))
            if done.error:
                break
        return done

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """The rollout's canary Ingresses go."""
        standing = [(ref, objects.get(ref)) for _, ref in _pairs(rollout, router)]
        return Rendered(
            tuple(Remove(ref) for ref, obj in standing if obj is not None and bodies.is_owned(obj, rollout))
        )

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """A stable Ingress is as Git says; a canary Ingress in Git keeps its live weight."""
        if desired_object["metadata"]["name"] not in {canary.name for _, canary in _pairs(rollout, router)}:
            return desired_object
        keys = [f"{_prefix(router)}/{key}" for key in _LEASED]
        held = {key: value for key, value in annotations(live).items() if key in keys}
        meta = desired_object["metadata"]
        return desired_object | {"metadata": {**meta, "annotations": annotations(desired_object) | held}}


def provider(_options: Options) -> Nginx:
    """The provider; whatever class an Ingress has, it was named by hand."""
    return Nginx()


def _pairs(rollout: Rollout, router: Router) -> list[tuple[Ref, Ref]]:
    """Each stable Ingress with the canary Ingress of it."""
    listed = names(router.settings.get("stableIngresses")) or names(router.settings.get("stableIngress"))
    return [(_ref(rollout, name), _ref(rollout, _canary_name(rollout, name))) for name in listed]


def _ref(rollout: Rollout, name: str) -> Ref:
    return Ref(API_VERSION, "Ingress", rollout.namespace, name)


def _canary_name(rollout: Rollout, stable: str) -> str:
    return f"{rollout.name}-{stable}"[: _LONGEST - len(_SUFFIX)] + _SUFFIX


def _prefix(router: Router) -> str:
    return text(router.settings.get("annotationPrefix")) or _PREFIX


def _weights(canary: Json | None, prefix: str, total: int) -> Weights | Unknown:
    if canary is None:
        return Weights(0, total, total)
    told = annotations(canary)
    weight = bodies.number(told.get(f"{prefix}/canary-weight"))
    whole = bodies.number(told.get(f"{prefix}/canary-weight-total", TOTAL))
    if weight is None or whole is None or told.get(f"{prefix}/canary") != "true":
        return Unknown(f"Ingress {canary['metadata']['name']} carries no canary weight")
    return Weights(weight, whole - weight, whole)


def _rendered(
    rollout: Rollout, router: Router, seen: tuple[Json | None, Json | None], refs: tuple[Ref, Ref], desired: Desired
) -> Rendered:
    (stable, canary), (stable_ref, canary_ref) = seen, refs
    if stable is None:
        missing = f'ingresses.networking.k8s.io "{stable_ref.name}" not found'
        return Rendered(error=f"error retrieving stableIngress `{stable_ref.name}` from cache: {missing}")
    wrong = _complaint(rollout, stable_ref, stable)
    if wrong:
        return Rendered(error=wrong)
    name, weight = canary_ref.name, desired.shares.canary.weight
    wanted = _canary_ingress(rollout, router, stable, name, weight)
    if canary is None:
        told = Event("CreatingCanaryIngress", f"Creating canary ingress `{name}` with weight `{weight}`")
        return Rendered((Create(canary_ref, wanted),), (told,))
    if not bodies.is_owned(canary, rollout):
        return Rendered(error=f"canary ingress `{name}` controlled by different object")
    body = _patch(canary, wanted)
    if not body:
        return Rendered()
    told = Event("PatchingCanaryIngress", f"Updating Ingress `{name}` to desiredWeight '{weight}'")
    return Rendered((Modify(canary_ref, body, version=patches.version_of(canary)),), (told,))


def _complaint(rollout: Rollout, ref: Ref, stable: Json | None) -> str:
    """What is wrong with a stable Ingress, in Argo's words."""
    if stable is None:
        return f'ingress.networking.k8s.io "{ref.name}" not found'
    service = rollout.services.stable
    is_led = any(service in _services(rule) for rule in _rules(stable))
    return "" if is_led else f"ingress `{ref.name}` has no rules using service {service} backend"


def _canary_ingress(rollout: Rollout, router: Router, stable: Json, name: str, weight: int) -> Json:
    """The whole canary Ingress: the stable one's class, TLS and rules for the stable Service, led to the canary's."""
    source = mapping(stable.get("spec"))
    spec = {key: deepcopy(source[key]) for key in ("ingressClassName", "tls") if source.get(key)}
    spec["rules"] = [_led(rule, rollout) for rule in _rules(stable) if rollout.services.stable in _services(rule)]
    meta = bodies.own_metadata(rollout, name) | {"annotations": _marks(rollout, router, stable, weight)}
    return {"apiVersion": API_VERSION, "kind": "Ingress", "metadata": meta, "spec": spec}


def _marks(rollout: Rollout, router: Router, stable: Json, weight: int) -> Json:
    """The canary's annotations, those that say what it is over those that the user adds."""
    prefix, settings = _prefix(router), router.settings
    found = {CLASS: annotations(stable)[CLASS]} if CLASS in annotations(stable) else {}
    for key, value in mapping(settings.get("additionalIngressAnnotations")).items():
        found[key if key.startswith(prefix) else f"{prefix}/{key}"] = value
    found |= mapping(settings.get("canaryIngressAnnotations"))
    found |= {f"{prefix}/canary": "true", f"{prefix}/canary-weight": str(weight)}
    strategy = rollout.strategy
    if isinstance(strategy, Canary) and strategy.is_max_weight_given:
        found[f"{prefix}/canary-weight-total"] = str(strategy.max_weight)
    return found


def _patch(canary: Json, wanted: Json) -> Json:
    """The merge patch from a canary Ingress to the wanted one; annotations of others stay."""
    body: Json = {}
    marks = patches.difference(annotations(canary), annotations(canary) | annotations(wanted))
    spec = patches.difference(mapping(canary.get("spec")), wanted["spec"])
    if marks:
        body["metadata"] = {"annotations": marks}
    return body | ({"spec": spec} if spec else {})


def _rules(ingress: Json) -> list[Json]:
    return [rule for rule in items(mapping(ingress.get("spec")).get("rules")) if isinstance(rule, dict)]


def _paths(rule: Json) -> list[Json]:
    return [mapping(path) for path in items(mapping(rule.get("http")).get("paths"))]


def _services(rule: Json) -> set[str]:
    return {text(mapping(mapping(path.get("backend")).get("service")).get("name")) for path in _paths(rule)}


def _led(rule: Json, rollout: Rollout) -> Json:
    """A copy of the rule with the canary Service in the stable one's place."""
    copied = deepcopy(rule)
    for path in _paths(copied):
        service = mapping(mapping(path.get("backend")).get("service"))
        if service.get("name") == rollout.services.stable:
            service["name"] = rollout.services.canary
    return copied
