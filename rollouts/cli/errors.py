"""What the API server refused, in a line that helps. Called by main once a command has failed."""

from rollouts.cli.arguments import did_you_mean
from rollouts.cli.session import Session
from rollouts.cluster.errors import ClusterError, NotFoundError, ServerError, UnauthorizedError
from rollouts.cluster.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS
from rollouts.cluster.port import Query
from rollouts.model.errors import RolloutsError

OURS = {
    word: resource
    for resource in (ROLLOUTS, EXPERIMENTS, ANALYSIS_RUNS)
    for word in (resource.plural, resource.kind.lower())
}
"""By the names that errors call them."""
NEAR_OF_MOST = 500
"""Names are looked for among so many, in one request."""


def explained(error: RolloutsError, session: Session) -> str:
    """The error, and what to do about it where that can be known."""
    said = str(error)
    if isinstance(error, NotFoundError):
        return f"{said}{_near(error, session)}" if "not found" in said.lower() and '"' in said else _unserved(said)
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


def _near(error: NotFoundError, session: Session) -> str:
    """`; did you mean "web"?`: the server's message is `rollouts.argoproj.io "wbe" not found`."""
    kind, _, rest = error.message.partition(" ")
    resource = OURS.get(kind.partition(".")[0])
    if resource is None:
        return ""
    try:
        page = session.api.list(session.collection(resource), Query(limit=NEAR_OF_MOST))
    except ClusterError:
        return ""
    name = rest.split('"')[1]
    return did_you_mean(name, {obj["metadata"]["name"] for obj in page.items} - {name})
