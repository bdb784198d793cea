"""The routing objects that a Canary wants, as the common value. Called by canary.parse, and by golden data's runner."""

from collections.abc import Mapping
from typing import Any

from rollouts.dialects.flagger import providers
from rollouts.dialects.flagger.analysis import interval_of
from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.twins import SERVING
from rollouts.model.objects import Json, Ref, owner_reference
from rollouts.model.owned import Affinity, OwnedRoute
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import Pair

API_VERSION = "flagger.app/v1beta1"
DAY = 86400
ORIGINAL = "flagger.kubernetes.io/original-configuration"
MAKER = "flagger"
MESH = "kuma.io/mesh"
LABEL = "app"
"""The label that versions are told apart by, as long as nobody has looked at the target."""


def route_of(
    meta: Mapping[str, Any], spec: Mapping[str, Any], provider: str, pair: Pair, *, letter: bool
) -> OwnedRoute:
    """All that rendering needs. Unknown providers are taken for Istio; to the letter, repairs cost weights."""
    service, analysis = mapping(spec.get("service")), mapping(spec.get("analysis"))
    apex, in_rounds = mapping(service.get("apex")), integer(analysis.get("iterations")) > 0
    is_tcp = provider == providers.ISTIO and text(service.get("appProtocol")).lower() == "tcp"
    return OwnedRoute(
        provider=provider if providers.is_known(provider) else providers.ISTIO,
        namespace=text(meta.get("namespace")),
        name=text(meta.get("name")),
        target=pair.target,
        service=pair.service,
        stable_service=pair.stable_service,
        canary_service=pair.canary_service,
        owner=owner_reference(API_VERSION, "Canary", text(meta.get("name")), text(meta.get("uid"))),
        port=integer(service.get("port")),
        labels=_strings(apex.get("labels")),
        annotations=_strings(apex.get("annotations")),
        settings=service,
        match=tuple(map(mapping, items(analysis.get("match")))),
        in_rounds=in_rounds,
        mirrors=analysis.get("mirror") is True,
        mirror_weight=integer(analysis.get("mirrorWeight")),
        affinity=None if in_rounds or is_tcp else _affinity(mapping(analysis.get("sessionAffinity"))),
        interval=interval_of(analysis, is_letter=letter),
        beside=_beside(spec, text(meta.get("namespace"))),
        loses_weights=letter,
        is_literal=letter,
        mesh=text(mapping(meta.get("annotations")).get(MESH)),
        selector={LABEL: pair.target},
        stable_selector={LABEL: pair.copy},
        serving_mark=SERVING,
        former_mark=ORIGINAL,
        maker=MAKER,
    )


def _strings(value: Any) -> Mapping[str, str]:
    return {str(key): text(each) for key, each in mapping(value).items()}


def _beside(spec: Mapping[str, Any], namespace: str) -> Ref | None:
    """The user's object that the manifest names; just one kind of it can be."""
    reference: Json = next(
        (mapping(spec[field]) for field in ("ingressRef", "routeRef", "upstreamRef") if spec.get(field)), {}
    )
    if not reference:
        return None
    found = (text(reference.get(key)) for key in ("apiVersion", "kind", "name"))
    api_version, kind, name = found
    return Ref(api_version, kind, text(reference.get("namespace")) or namespace, name)


def _affinity(affinity: Mapping[str, Any]) -> Affinity | None:
    if not affinity:
        return None
    return Affinity(
        cookie=text(affinity.get("cookieName")),
        stable_cookie=text(affinity.get("primaryCookieName")),
        max_age=integer(affinity.get("maxAge")) or DAY,
        domain=text(affinity.get("domain")),
        path=text(affinity.get("path")),
        same_site=text(affinity.get("sameSite")),
        is_http_only=affinity.get("httpOnly") is True,
        is_secure=affinity.get("secure") is True,
        is_partitioned=affinity.get("partitioned") is True,
    )
