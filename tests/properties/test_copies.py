"""What is generated around a target, over many targets, Services and configs, to the letter or not."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollouts.dialects.flagger.generated import Flags
from rollouts.model import effects as e
from rollouts.model.objects import Json, ref_of
from rollouts.workloads import twins
from tests.builders.copying import BOOTSTRAP, PROMOTE, Surroundings, a_config, a_service, surroundings
from tests.builders.ticking import a_deployment

NAMES = st.sampled_from(["web", "web-env", "db", "x"])
MARKS = st.dictionaries(
    st.sampled_from(["app", "team/a", "kustomize.toolkit.fluxcd.io/name", "note"]), NAMES, max_size=3
)
SELECTORS = st.fixed_dictionaries({"app": NAMES}, optional={"name": NAMES})
KEDA: Json = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web"}
HPA: Json = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"}
EFFECTS = (
    *BOOTSTRAP,
    PROMOTE,
    e.ScaleTarget("web", 0),
    e.ScaleTarget("web", 3),
    e.HoldScaler("web", is_held=True),
    e.HoldScaler("web", is_held=False),
    e.MatchScaler("web"),
    e.GiveBack(),
    e.HoldBack(is_held=True),
)


@st.composite
def mentions(draw: st.DrawFn) -> Json:
    """A source of a container's environment."""
    field = draw(st.sampled_from(["configMapRef", "secretRef"]))
    return {field: {"name": draw(NAMES), "optional": draw(st.booleans())}}


@st.composite
def targets(draw: st.DrawFn) -> Json:
    """A Deployment of any labels, ports, configs and rules."""
    target = a_deployment(replicas=draw(st.integers(0, 3)))
    target["metadata"] |= {"labels": draw(MARKS), "annotations": draw(MARKS)}
    target["spec"]["selector"]["matchLabels"] = draw(SELECTORS)
    numbers = draw(st.lists(st.integers(80, 83), unique=True, max_size=3))
    term = {"labelSelector": {"matchLabels": draw(SELECTORS)}, "topologyKey": "zone"}
    target["spec"]["template"] = {
        "metadata": {"labels": target["spec"]["selector"]["matchLabels"], "annotations": draw(MARKS)},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "ports": [{"containerPort": number} for number in numbers],
                    "envFrom": draw(st.lists(mentions(), max_size=3)),
                }
            ],
            "topologySpreadConstraints": [term],
            "volumes": [{"name": "v", "configMap": {"name": draw(NAMES)}}],
        },
    }
    return target


@st.composite
def worlds(draw: st.DrawFn) -> Surroundings:
    """A target, some of what its pods read, perhaps a Service of the user's and an autoscaler."""
    objects = [a_config(name) for name in draw(st.sets(NAMES))]
    objects += [a_config(name, "Secret", type="Opaque") for name in draw(st.sets(NAMES))]
    if draw(st.booleans()):
        objects.append(a_service(labels=draw(MARKS), annotations=draw(MARKS)))
    spec: dict[str, Any] = {
        "service": {"port": 80, "portDiscovery": draw(st.booleans()), "apex": {"labels": draw(MARKS)}}
    }
    if draw(st.booleans()):
        scaler = draw(st.sampled_from([HPA, KEDA]))
        spec["autoscalerRef"] = scaler
        body = {key: value for key, value in scaler.items() if key != "name"}
        objects.append({**body, "metadata": {"name": "web", "namespace": "shop"}, "spec": {"maxReplicas": 3}})
    here = surroundings(*objects, strict=draw(st.booleans()), target=draw(targets()), **spec)
    here.flags = Flags(label_prefixes=draw(st.sampled_from([(), ("team/",), ("*",)])))
    return here


@given(here=worlds(), effects=st.lists(st.sampled_from(EFFECTS), max_size=6))
def test_doing_it_twice_is_doing_it_once(here: Surroundings, effects: list[e.Effect]) -> None:
    """From wherever it stands: a controller that is killed after an effect finds nothing left of it to do."""
    for effect in effects:
        here.does(effect)

        assert here.changes(effect) == (), effect


@given(here=worlds())
def test_what_has_begun_has_not_drifted(here: Surroundings) -> None:
    """A settled world gives no write."""
    here.begins()

    assert twins.drifted(here.copying, here.world) == frozenset()
    assert twins.is_served(here.copying, here.world)


@given(here=worlds(), effects=st.lists(st.sampled_from(EFFECTS), max_size=6))
def test_only_named_fields_of_a_user_s_objects_are_touched(here: Surroundings, effects: list[e.Effect]) -> None:
    """The target's size, the Service's selector, ports and marks, the autoscaler's pause, the Canary's finalizer."""
    before = deepcopy(here.world)

    here.does(*effects)

    assert {ref: foreign(here.world[ref]) for ref in before} == {ref: foreign(body) for ref, body in before.items()}


@given(here=worlds(), effects=st.lists(st.sampled_from(EFFECTS), max_size=6))
def test_all_that_is_written_is_among_what_is_read(here: Surroundings, effects: list[e.Effect]) -> None:
    """Whoever gathers objects by `touches` misses none."""
    refs = twins.touches(here.copying, here.world[here.copying.target])

    assert {change.ref for change in here.does(*effects)} <= set(refs)


@given(here=worlds())
def test_a_user_s_service_comes_back_as_it_was(here: Surroundings) -> None:
    """Unless the letter is wanted, which forgets."""
    ref = here.copying.service("web")
    before = deepcopy(here.world.get(ref))
    if before is None or here.copying.is_literal:
        return
    here.begins()

    here.does(e.GiveBack())

    assert here.world[ref] == before


@given(here=worlds())
def test_the_copy_reads_no_config_that_the_target_s_user_may_change(here: Surroundings) -> None:
    """But for those that are not there, or shared on purpose."""
    here.begins()

    copy = here.the("Deployment", "web-primary")
    named = {(ref.kind, ref.name) for ref in twins.touches(here.copying, copy)}
    tracked = {ref for ref in map(ref_of, here.world.values()) if ref.kind in ("ConfigMap", "Secret")}
    originals = {(ref.kind, ref.name) for ref in tracked if not ref.name.endswith("-primary")}
    assert not named & originals


def foreign(body: Json) -> Json:
    """An object without what is ours to write in it."""
    left = deepcopy(body)
    meta, spec = left["metadata"], left.get("spec", {})
    ours = ("disabled", "0")
    marks = meta.pop("annotations", {})
    meta.pop("finalizers", None)
    left["marks"] = {k: v for k, v in marks.items() if v not in ours and not k.startswith("sluice.dev/former")}
    fields = {"Deployment": ("replicas",), "Service": ("selector", "ports")}.get(body["kind"], ())
    left["spec"] = {key: value for key, value in spec.items() if key not in fields}
    return left
