"""One scenario as it is played: the rollout, what its users and its operators do, and what is seen meanwhile.

Called by stories. What is seen of routes, Services and versions becomes courses: the shares that the objects say.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from tests.builders.users import Hands
from tests.e2e.chaos.sizes import hash_of, image_of
from tests.e2e.chaos.stage import Stage
from tests.e2e.chaos.stories import is_healthy
from tests.e2e.dataplane.judge import Course
from tests.e2e.dataplane.manifests import NAME
from tests.e2e.installed import Program

SEEN_TOO = (kinds.CANARIES,)
LONGEST = 90.0
"""Seconds for which anything is waited for."""


@dataclass
class Play:
    """A rollout on its stage. `start` gives a controller, and another where it was killed."""

    stage: Stage
    start: Callable[[], Program]
    courses: list[Course] = field(default_factory=list)
    _last: list[tuple[str, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.controller = self.start()
        self.user = self.stage.user(NAME)
        for kind in (kinds.HTTP_ROUTES, kinds.SERVICES):
            self.stage.caches[kind].listen(lambda _before, _after: self._note())

    async def use(self, version: int) -> None:
        """Set the image."""
        await self.user.use(f"{NAME}:v{version}")

    async def comes(self, is_so: Callable[[Json], bool], what: str) -> None:
        """Until the rollout has come so far."""
        await self.stage.until(lambda: is_so(self.rollout), LONGEST, what)

    async def comes_to_weight(self, weight: int) -> None:
        """Until the status tells of this weight of the canary."""
        await self.comes(lambda rollout: weight_of(rollout) == weight, f"weight {weight}")

    async def is_healthy_at(self, version: int) -> None:
        """Until all is done and this version is what runs."""
        await self.comes(is_healthy(version), f"healthy at v{version}")

    async def release(self, version: int) -> None:
        """Set the image of a Canary's target."""
        hands = Hands(self.stage.cluster, Target(kinds.DEPLOYMENTS, NAME, self.stage.name))
        await hands.use(f"{NAME}:v{version}")

    async def canary_comes(self, phase: str) -> None:
        """Until the Canary is in this phase."""
        await self.stage.until(lambda: self.canary_status.get("phase") == phase, LONGEST, f"the Canary is {phase}")

    async def canary_comes_to_weight(self, weight: int) -> None:
        """Until the Canary tells of this weight."""
        so_much = f"the Canary is at {weight}"
        await self.stage.until(lambda: self.canary_status.get("canaryWeight") == weight, LONGEST, so_much)

    async def shrinks(self) -> None:
        """Until no other version than one has pods."""
        await self.stage.until(lambda: len(self.sizes()) == 1, LONGEST, "one version left")

    def stop(self) -> None:
        """The controller's end."""
        self.controller.kill()

    def kill_controller(self) -> None:
        """As the kernel ends it; another one starts at once."""
        self.controller.kill()
        self.controller = self.start()

    @property
    def rollout(self) -> Json:
        """The rollout as it was last seen."""
        return self.stage.rollout(NAME) or {"metadata": {"generation": 0}, "spec": {}}

    @property
    def canary_status(self) -> Json:
        """The Canary's status as it was last seen."""
        canary = self.stage.caches[kinds.CANARIES].get(self.stage.name, NAME) or {}
        status: Json = canary.get("status") or {}
        return status

    def sizes(self) -> dict[str, int]:
        """The pods of each version, the empty ones left out."""
        sets = list(self.stage.caches[kinds.REPLICA_SETS])
        found = {version_of(one): int((one.get("status") or {}).get("replicas", 0)) for one in sets}
        return {version: size for version, size in found.items() if size}

    def _note(self) -> None:
        said = self._said()
        if said and said != self._last:
            self._last, shares = said, dict[str, float]()
            total = sum(weight for _, weight, _ in said) or 1
            for _, weight, version in said:
                shares[version] = shares.get(version, 0.0) + weight / total
            self.courses.append(Course(time.monotonic(), {name: share for name, share in shares.items() if share}))

    def _said(self) -> list[tuple[str, int, str]]:
        """What route and Services say: each Service with its weight and its version."""
        versions = {hash_of(one): version_of(one) for one in self.stage.caches[kinds.REPLICA_SETS]}
        route = self.stage.caches[kinds.HTTP_ROUTES].get(self.stage.name, NAME)
        backends: list[dict[str, Any]] = route["spec"]["rules"][-1]["backendRefs"] if route else []
        return [(one["name"], one.get("weight", 1), versions.get(self._hash(one["name"]), "")) for one in backends]

    def _hash(self, service: str) -> str:
        spec = (self.stage.caches[kinds.SERVICES].get(self.stage.name, service) or {}).get("spec") or {}
        return str((spec.get("selector") or {}).get("rollouts-pod-template-hash", ""))


def version_of(replica_set: Json) -> str:
    """The image's tag."""
    return image_of(replica_set).rpartition(":")[2]


def weight_of(rollout: Json) -> int | None:
    """The canary's weight by the status."""
    weights = ((rollout.get("status") or {}).get("canary") or {}).get("weights") or {}
    return (weights.get("canary") or {}).get("weight")
