"""A route that is generated and owned whole, as its user wants it. Parsed by a dialect, rendered by rollouts/traffic.

What every provider needs has a name here; what only some of them know (hosts, match, rewrite, retries, ...) stays in
`settings` as the user wrote it, as the settings of a Router do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rollouts.model.objects import Json, Ref
from rollouts.model.status import Cookies

NO_COOKIES = Cookies()


@dataclass(frozen=True, slots=True)
class Affinity:
    """How cookies keep users on a version: `cookie` on the new one, `stable_cookie` on the stable one ("": none)."""

    cookie: str
    stable_cookie: str = ""
    max_age: int = 86400
    domain: str = ""
    path: str = ""
    same_site: str = ""
    is_http_only: bool = False
    is_secure: bool = False
    is_partitioned: bool = False


@dataclass(frozen=True, slots=True)
class OwnedRoute:
    """All that a provider has to know to write the routing objects of one rollout.

    `service` is everybody's Service, the other two lead to one version each; `owner` is the reference to the rollout.
    `labels` and `annotations` go on the route object. `match` are the requests that an analysis is after, all or a part
    of which go to the new version; `in_rounds`: it goes by rounds, and not by weights. `beside` names the user's object
    that the route stands next to or copies from. `loses_weights`: a repair of the route sets its weights back, as the
    ancestor does; `is_literal`: what a provider cannot say is left out without a word, as there.

    `mesh` is the one among several that the rollout is in. `selector` and `stable_selector` are labels that tell the
    pods of the two versions. `serving_mark` is the annotation by which a user's own object names the revision that
    serves, `former_mark` the one by which it says what it was before it was taken over. `maker` is who is said to make
    what is generated.
    """

    provider: str
    namespace: str
    name: str
    target: str
    service: str
    stable_service: str
    canary_service: str
    owner: Json
    port: int
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    match: tuple[Mapping[str, Any], ...] = ()
    in_rounds: bool = False
    mirrors: bool = False
    mirror_weight: int = 0
    affinity: Affinity | None = None
    interval: timedelta = timedelta(seconds=60)
    beside: Ref | None = None
    loses_weights: bool = False
    is_literal: bool = False
    mesh: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    stable_selector: Mapping[str, str] = field(default_factory=dict)
    serving_mark: str = ""
    former_mark: str = "sluice.dev/original-configuration"
    maker: str = "sluice"


@dataclass(frozen=True, slots=True)
class Split:
    """What a route has to carry: two weights that make 100, copies of requests, and the cookies of this run."""

    stable: int
    canary: int
    is_mirrored: bool = False
    cookies: Cookies = NO_COOKIES
