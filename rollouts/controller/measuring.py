"""What metric providers ask of Kubernetes: Secrets with credentials, the Jobs of analyses, and what lies beside them.

One more form of analysis' ports: called by its runner, it answers these questions from the cluster and passes all
others on. So analysis knows no Kubernetes, and this module no provider. Nothing is cached: a rotated credential is
taken up at the next measurement.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, assert_never

from analysis.errors import NoAnswerError, ProviderError
from analysis.ports import Ports
from analysis.requests import Cluster as Question
from analysis.requests import Defaults, Request, Secret, Verb
from rollouts.cluster import kinds
from rollouts.cluster.errors import AlreadyExistsError, ClusterError, ForbiddenError, NotFoundError, ServerError
from rollouts.cluster.port import Cluster, Collection, DeleteOptions, Json, Query, Resource, Target

_KNOWN = {(resource.api_version, resource.plural): resource for resource in (kinds.JOBS, kinds.PODS)}


class ClusterPorts:
    """The ports of analysis for a controller in `namespace`. `elsewhere` is the cluster of Jobs, if it is another."""

    def __init__(self, beyond: Ports, cluster: Cluster, namespace: str, elsewhere: Cluster | None = None) -> None:
        self._beyond = beyond
        self._cluster = cluster
        self._namespace = namespace
        self._elsewhere = elsewhere or cluster

    @property
    def defaults(self) -> Defaults:
        """What the operator set for all metrics."""
        return self._beyond.defaults

    async def ask(self, request: Request) -> Any:
        """The answer, from the cluster or from beyond."""
        match request:
            case Secret():
                return await self._secret(request)
            case Question():
                return await self._answer(request)
            case _:
                return await self._beyond.ask(request)

    async def close(self) -> None:
        """Give back what lies beyond; clusters belong to whoever opened them."""
        await self._beyond.close()

    async def _secret(self, request: Secret) -> Mapping[str, str] | None:
        namespace = request.namespace or self._namespace
        try:
            secret = await self._cluster.get(Target(kinds.SECRETS, request.name, namespace))
        except NotFoundError:
            return None
        except ClusterError as error:
            raise _refusal(error, f"get secrets in namespace {namespace}") from error
        decoded = {key: _decoded(value) for key, value in (secret.get("data") or {}).items()}
        return {key: value for key, value in decoded.items() if value is not None}

    async def _answer(self, question: Question) -> Any:
        cluster = self._elsewhere if question.is_elsewhere else self._cluster
        try:
            return await _asked(cluster, question)
        except ClusterError as error:
            deed = f"{question.verb} {question.plural} ({question.api}) in namespace {question.namespace}"
            raise _refusal(error, deed) from error


async def _asked(cluster: Cluster, question: Question) -> Any:
    resource = _resource(question)
    collection = Collection(resource, question.namespace)
    target = Target(resource, question.name, question.namespace)
    match question.verb:
        case Verb.GET:
            return await _found(cluster, target)
        case Verb.LIST:
            return await _all(cluster, collection, question.labels)
        case Verb.CREATE:
            return await _created(cluster, collection, question.body)
        case Verb.DELETE:
            return await _deleted(cluster, target)
        case _:
            assert_never(question.verb)


def _resource(question: Question) -> Resource:
    group, _, version = question.api.rpartition("/")
    kind = str(question.body.get("kind", ""))
    return _KNOWN.get((question.api, question.plural)) or Resource(group, version, question.plural, kind)


async def _found(cluster: Cluster, target: Target) -> Json | None:
    try:
        return await cluster.get(target)
    except NotFoundError:
        return None


async def _all(cluster: Cluster, collection: Collection, labels: str) -> tuple[Json, ...]:
    page = await cluster.list(collection, Query(labels=labels))
    found = page.items
    while page.token:
        page = await cluster.list(collection, Query(labels=labels, token=page.token))
        found += page.items
    return found


async def _created(cluster: Cluster, collection: Collection, body: Json) -> Json | None:
    try:
        return await cluster.create(collection, body)
    except AlreadyExistsError:
        return None


async def _deleted(cluster: Cluster, target: Target) -> None:
    try:
        await cluster.delete(target, DeleteOptions(propagation="Foreground"))
    except NotFoundError:
        return


def _refusal(error: ClusterError, deed: str) -> ProviderError:
    """The server's words, with the cure where a role lacks a verb."""
    if isinstance(error, ForbiddenError):
        return ProviderError(f"{error.message}: allow the controller to {deed}")
    if isinstance(error, ServerError):
        return NoAnswerError(error.message)
    return ProviderError(error.message)


def _decoded(value: str) -> str | None:
    """The text; None for what is none, which is no credential of a provider's."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
