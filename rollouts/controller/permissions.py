"""Does our role allow what we are going to do? Asked once at the start; what is missing is logged as a rule to add.

Our writes are PATCHes, which roles made by hand for Argo's controller may lack. A server that answers no reviews is
not asked again: the first refused write will tell as well.
"""

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError
from rollouts.cluster.port import Cluster, Collection, Json, Query, Resource
from rollouts.controller.settings import Settings
from rollouts.telemetry.logs import log

REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", is_namespaced=False
)

_READ = ("list", "watch")
Need = tuple[Resource, str, tuple[str, ...]]
NEEDED: tuple[Need, ...] = (
    (kinds.ROLLOUTS, "", ("get", *_READ, "patch")),
    (kinds.ROLLOUTS, "status", ("patch",)),
    (kinds.ANALYSIS_RUNS, "", ("get", *_READ, "create", "patch", "delete")),
    (kinds.EXPERIMENTS, "", ("get", *_READ, "create", "patch", "delete")),
    (kinds.ANALYSIS_TEMPLATES, "", ("get", *_READ)),
    (kinds.CLUSTER_ANALYSIS_TEMPLATES, "", ("get", *_READ)),
    (kinds.REPLICA_SETS, "", ("get", *_READ, "create", "patch", "delete")),
    (kinds.DEPLOYMENTS, "", ("get", *_READ, "patch")),
    (kinds.POD_TEMPLATES, "", ("get", *_READ)),
    (kinds.PODS, "", ("list", "patch")),
    (kinds.PODS, "eviction", ("create",)),
    (kinds.SERVICES, "", ("get", *_READ, "create", "patch", "delete")),
    (kinds.ENDPOINT_SLICES, "", _READ),
    (kinds.HTTP_ROUTES, "", ("get", *_READ, "patch")),
    (kinds.CANARIES, "", ("get", *_READ, "patch")),
    (kinds.CANARIES, "status", ("patch",)),
    (kinds.GIT_REPOSITORIES, "", _READ),
    (kinds.GIT_REPOSITORIES, "status", ("patch",)),
    (kinds.KUSTOMIZATIONS, "", (*_READ, "patch")),
    (kinds.KUSTOMIZATIONS, "status", ("patch",)),
    (kinds.JOBS, "", ("get", "list", "create", "delete")),
    (kinds.CONFIG_MAPS, "", ("get",)),
    (kinds.EVENTS, "", ("create",)),
    (kinds.LEASES, "", ("get", "create", "patch")),
)
"""Resource, subresource and verbs; install/ grants the same."""

_MADE = ("get", *_READ, "create", "patch")
NEEDED_BY_CANARIES: tuple[Need, ...] = (
    (kinds.METRIC_TEMPLATES, "", ("get", *_READ)),
    (kinds.ALERT_PROVIDERS, "", ("get", *_READ)),
    (kinds.DEPLOYMENTS, "", _MADE),
    (kinds.SERVICES, "", _MADE),
    (kinds.CONFIG_MAPS, "", _MADE),
    (kinds.SECRETS, "", _MADE),
)
"""What every Canary needs beside; what only some do (routes, autoscalers, other targets) is told by events."""

BESIDE_US = {kinds.LEASES: "", kinds.CONFIG_MAPS: "argo-rollouts-config"}
"""Kinds that are touched in the controller's own namespace only, and the one object of them ("": any)."""

SYNC_GROUPS = frozenset({kinds.GIT_REPOSITORIES.group, kinds.KUSTOMIZATIONS.group})
"""Groups that only the sync loop works on."""


async def missing_rules(cluster: Cluster, settings: Settings) -> tuple[str, ...]:
    """The rules that a role of ours lacks, worded as in a ClusterRole; empty where the server does not say."""
    try:
        own = [_rule(need, await _refused(cluster, need, _place(need, settings))) for need in _needs(settings)]
        more = NEEDED_BY_CANARIES if await _has_canaries(cluster, settings) else ()
        own += [_rule(need, await _refused(cluster, need, settings.namespace)) for need in more]
    except ClusterError:
        return ()
    return tuple(rule for rule in own if rule)


def _needs(settings: Settings) -> list[Need]:
    return [need for need in NEEDED if _is_wanted(need[0], settings)]


def _place(need: Need, settings: Settings) -> str | None:
    return settings.lease_namespace if need[0] in BESIDE_US else settings.namespace


def _rule(need: Need, refused: list[str]) -> str:
    resource, subresource, _ = need
    name = f"{resource.plural}/{subresource}" if subresource else resource.plural
    return f"apiGroups: [{resource.group!r}], resources: [{name}], verbs: {refused}" if refused else ""


async def _refused(cluster: Cluster, need: Need, place: str | None) -> list[str]:
    resource, subresource, verbs = need
    return [verb for verb in verbs if not await _is_allowed(cluster, resource, subresource, verb, place)]


async def _has_canaries(cluster: Cluster, settings: Settings) -> bool:
    """Whoever has none needs nothing for them."""
    if not _is_wanted(kinds.CANARIES, settings):
        return False
    try:
        page = await cluster.list(Collection(kinds.CANARIES, settings.namespace or None), Query(limit=1))
    except ClusterError:
        return False
    return bool(page.items)


async def tell_missing_rules(cluster: Cluster, settings: Settings) -> None:
    """Log each of them once."""
    role = "Role" if settings.namespace else "ClusterRole"
    for rule in await missing_rules(cluster, settings):
        log().error(f"a role lacks a rule; add it to the controller's {role}", rule=rule)


def _is_wanted(resource: Resource, settings: Settings) -> bool:
    """Whether the controller, told what it is, touches this kind at all."""
    if resource == kinds.LEASES:
        return settings.is_elected
    if resource == kinds.CANARIES:
        return settings.ticking.is_wanted and not settings.is_analysis_only
    if resource.group in SYNC_GROUPS:
        return settings.syncs_git and not settings.is_analysis_only
    return resource.is_namespaced or not settings.namespace


async def _is_allowed(cluster: Cluster, resource: Resource, subresource: str, verb: str, namespace: str | None) -> bool:
    attributes = {"group": resource.group, "resource": resource.plural, "subresource": subresource, "verb": verb}
    if namespace and resource.is_namespaced:
        attributes["namespace"] = namespace
    if name := BESIDE_US.get(resource):
        attributes["name"] = name
    body: Json = {
        "apiVersion": REVIEWS.api_version,
        "kind": REVIEWS.kind,
        "metadata": {},
        "spec": {"resourceAttributes": attributes},
    }
    answer = await cluster.create(Collection(REVIEWS), body)
    return (answer.get("status") or {}).get("allowed") is not False
