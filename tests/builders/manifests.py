"""Manifests for scenarios, by name and without a namespace: the stage puts them into its own. No test in here.

a_rollout(canary(weight(20), pause()), image="web:v1", replicas=5)
[*services("web-stable", "web-canary"), a_route(), a_rollout(routed(weight(20), pause()))]
"""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource

PLUGIN = "argoproj-labs/gatewayAPI"


def an_object(resource: Resource, name: str, **parts: Any) -> Json:
    """Any object."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, **parts}


def a_pod(name: str = "web", image: str = "web:v1", *, container: Json | None = None, **spec: Any) -> Json:
    """A pod template of one container with label app; `container` is more of it, `spec` more of the pod's spec."""
    containers = [{"name": "app", "image": image, **(container or {})}]
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, **spec}}


def a_rollout(
    strategy: Json,
    *,
    name: str = "web",
    image: str = "web:v1",
    replicas: int | None = 2,
    pod: Json | None = None,
    **spec: Any,
) -> Json:
    """A Rollout; `strategy` by canary, routed or blue_green, `pod` by a_pod, `spec` is more of its spec."""
    template = pod or a_pod(name, image)
    sized = {} if replicas is None else {"replicas": replicas}
    body = {**sized, "selector": {"matchLabels": {"app": name}}, "template": template, "strategy": strategy, **spec}
    return an_object(kinds.ROLLOUTS, name, spec=body)


def canary(*steps: Json, **fields: Any) -> Json:
    """A canary without routes."""
    return {"canary": {**({"steps": list(steps)} if steps else {}), **fields}}


def routed(*steps: Json, name: str = "web", **fields: Any) -> Json:
    """A canary over the HTTPRoute `name`, with Services `name`-stable and `name`-canary."""
    routing = {"plugins": {PLUGIN: {"httpRoute": name}}}
    named = {"stableService": f"{name}-stable", "canaryService": f"{name}-canary"}
    return canary(*steps, trafficRouting=routing, **named, **fields)


def blue_green(*, name: str = "web", has_preview: bool = True, **fields: Any) -> Json:
    """A blue-green with Services `name`-active and `name`-preview."""
    preview = {"previewService": f"{name}-preview"} if has_preview else {}
    return {"blueGreen": {"activeService": f"{name}-active", **preview, **fields}}


def services(*names: str, app: str = "web") -> list[Json]:
    """Services for the pods of one application."""
    ports = [{"port": 80, "targetPort": 8080}]
    return [an_object(kinds.SERVICES, name, spec={"selector": {"app": app}, "ports": ports}) for name in names]


def a_route(name: str = "web") -> Json:
    """An HTTPRoute between `name`-stable, which has all, and `name`-canary."""
    backends = [
        {"name": f"{name}-{role}", "port": 80, "weight": share} for role, share in (("stable", 100), ("canary", 0))
    ]
    return an_object(kinds.HTTP_ROUTES, name, spec={"rules": [{"backendRefs": backends}]})


def a_routed_world(*steps: Json, name: str = "web", replicas: int = 2, **fields: Any) -> list[Json]:
    """A routed canary and all that it names, in the order in which they are to be applied."""
    backends = services(f"{name}-stable", f"{name}-canary", app=name)
    return [*backends, a_route(name), a_rollout(routed(*steps, name=name, **fields), name=name, replicas=replicas)]


def a_blue_green_world(*, name: str = "web", replicas: int = 2, **fields: Any) -> list[Json]:
    """A blue-green and its Services."""
    pair = services(f"{name}-active", f"{name}-preview", app=name)
    return [*pair, a_rollout(blue_green(name=name, **fields), name=name, replicas=replicas)]


def a_template(name: str = "check", *, query: str = "1", condition: str = "result[0] > 0", **metric: Any) -> Json:
    """An AnalysisTemplate that asks the scenario's Prometheus: a number answers itself, else see Stage.says."""
    provider = {"prometheus": {"query": query}}
    metrics = [{"name": name, "successCondition": condition, "provider": provider, **metric}]
    return an_object(kinds.ANALYSIS_TEMPLATES, name, spec={"metrics": metrics})


def a_deployment(name: str = "web", image: str = "web:v1", replicas: int = 2, **spec: Any) -> Json:
    """A Deployment with a_pod's template."""
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": a_pod(name, image)}
    return an_object(kinds.DEPLOYMENTS, name, spec={**body, **spec})


def weight(percent: int) -> Json:
    """A setWeight step."""
    return {"setWeight": percent}


def pause(duration: int | str | None = None) -> Json:
    """A pause step: so long, or until somebody promotes."""
    return {"pause": {} if duration is None else {"duration": duration}}


def canary_scale(**how: Any) -> Json:
    """A setCanaryScale step: weight, replicas or matchTrafficWeight."""
    return {"setCanaryScale": how}


def check(template: str = "check", **analysis: Any) -> Json:
    """An analysis step with one template."""
    return {"analysis": {"templates": [{"templateName": template}], **analysis}}


def a_version(name: str, image: str, *, replicas: int = 1, app: str = "", **more: Any) -> Json:
    """A template of an Experiment: pods of their own, with this image and a port."""
    own = app or name
    pod = a_pod(own, image, container={"ports": [{"containerPort": 8080}]})
    return {"name": name, "replicas": replicas, "selector": {"matchLabels": {"app": own}}, "template": pod, **more}


def an_experiment(*versions: Json, name: str = "trial", **spec: Any) -> Json:
    """An Experiment that stands for itself."""
    return an_object(kinds.EXPERIMENTS, name, spec={"templates": list(versions), **spec})


def analysed(name: str = "check", *, template: str = "check", **more: Any) -> Json:
    """An analysis of an Experiment; isRequired and arguments as Argo writes them."""
    return {"name": name, "templateName": template, **more}


def experiment_step(*names: str, of: str = "canary", **experiment: Any) -> Json:
    """An experiment step with a template of each name, all of one version."""
    return {"experiment": {"templates": [{"name": name, "specRef": of} for name in names], **experiment}}
