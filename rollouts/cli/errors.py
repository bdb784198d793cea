"""What the API server refused, in a line that helps. Called by main once a command has failed."""

from rollouts.cli.arguments import did_you_mean
from rollouts.cli.session import Session
from rollouts.cluster.errors import ClusterError, NotFoundError, ServerError, UnauthorizedError
from rollouts.cluster.kinds import ANALYSIS_RUNS, CANARIES, EXPERIMENTS, ROLLOUTS
from rollouts.cluster.port import Query, Resource
from rollouts.model.errors import RolloutsError

OURS = {
    word: resource
    for resource in (ROLLOUTS, EXPERIMENTS, ANALYSIS_RUNS, CANARIES)
    for word in (resource.plural, resource.kind.lower())
}
"""By the names that errors call them."""
TO_THE_LETTER = ("abort", "promote")
"""Commands whose words for a missing object are Argo's to the letter; the others name the namespace, too."""
NEAR_OF_MOST = 500
"""Names are looked for among so many, in one request."""


def explained(error: RolloutsError, session: Session, command: str = "") -> str:
    """The error, and what to do about it where that can be known."""
    said = str(error)
    if isinstance(error, NotFoundError):
        if "not found" not in said.lower() or '"' not in said:
            return _unserved(said)
        place = "" if command in TO_THE_LETTER or _ours(error) is None else f" in namespace {session.namespace}"
        return f"{said}{place}{_near(error, session)}"
    if isinstance(error, UnauthorizedError):
        return f"{said}: the server does not know who you are; log in again, or choose another --context"
    if isinstance(error, ServerError) and error.status.get("reason") == "NoAnswer":
        return f"{said}{_where(session)}"
    return said


def _where(session: Session) -> str:
    """The address that was tried, and what chooses another."""
    from rollouts.cluster.plain import PlainCluster

    api = session.api
    server = f" (the server is {api.credentials.server})" if isinstance(api, PlainCluster) else ""
    return f"{server}; is it running? KUBECONFIG or --context chooses another"


def _unserved(said: str) -> str:
    return f"the cluster does not serve Argo Rollouts' kinds ({said}): are the custom resource definitions installed?"


def _ours(error: NotFoundError) -> Resource | None:
    """The kind that the server's message begins with."""
    return OURS.get(error.message.partition(" ")[0].partition(".")[0])


def _near(error: NotFoundError, session: Session) -> str:
    """`; did you mean "web"?`: the server's message is `rollouts.argoproj.io "wbe" not found`."""
    resource = _ours(error)
    if resource is None:
        return ""
    try:
        page = session.api.list(session.collection(resource), Query(limit=NEAR_OF_MOST))
    except ClusterError:
        return ""
    name = error.message.split('"')[1]
    return did_you_mean(name, {obj["metadata"]["name"] for obj in page.items} - {name})
