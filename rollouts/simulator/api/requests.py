"""One request, read: the kind it means, the query, the form of the answer. Made by the server, used by the verbs."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from rollouts.cluster.errors import BadRequestError, NotFoundError
from rollouts.cluster.port import Collection, CreateOptions, Query, Target
from rollouts.simulator.api.addresses import Address
from rollouts.simulator.api.media import Shown, wanted
from rollouts.simulator.store import Kind, Store


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks, with everything looked up that does not need the body."""

    store: Store
    http: web.Request
    address: Address
    kind: Kind

    @property
    def params(self) -> Mapping[str, str]:
        """The query's parameters."""
        return self.http.query

    @property
    def collection(self) -> Collection:
        """The collection that the path names."""
        return self.address.collection(self.kind.resource)

    @property
    def target(self) -> Target:
        """The object that the path names."""
        return self.address.target(self.kind.resource)

    @property
    def form(self) -> Shown:
        """The form in which the caller wants objects; subresources come whole."""
        if self.address.subresource:
            return Shown.WHOLE
        return wanted(self.http.headers.get("Accept", ""))

    @property
    def include(self) -> str:
        """What the rows of a table carry."""
        return self.params.get("includeObject", "Metadata")

    @property
    def manager(self) -> str:
        """Who writes: the parameter, else the program's name, as an API server has it."""
        return self.params.get("fieldManager") or self.http.headers.get("User-Agent", "").split("/")[0]

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing may be stored. Raises BadRequestError for another word than All."""
        word = self.params.get("dryRun", "")
        if word not in ("", "All"):
            raise BadRequestError(f'dryRun: Unsupported value: "{word}": supported values: "All"')
        return word == "All"

    @property
    def is_watch(self) -> bool:
        """Whether changes are wanted."""
        return self.is_true("watch")

    @property
    def options(self) -> CreateOptions:
        """Manager and dry run, for create and replace."""
        return CreateOptions(self.manager, is_dry_run=self.is_dry_run)

    @property
    def query(self) -> Query:
        """Selectors, page and watch parameters."""
        name = self.address.name
        return Query(
            labels=self.params.get("labelSelector", ""),
            fields=f"metadata.name={name}" if name else self.params.get("fieldSelector", ""),
            limit=self._number("limit") or None,
            token=self.params.get("continue", ""),
            version=self.params.get("resourceVersion", ""),
            bookmarks=self.is_true("allowWatchBookmarks"),
            timeout=self._number("timeoutSeconds"),
        )

    def is_true(self, name: str) -> bool:
        """Whether a parameter is switched on."""
        return self.params.get(name, "") in ("true", "1", "True")

    def _number(self, name: str) -> int | None:
        text = self.params.get(name, "")
        if text and not text.isdigit():
            raise BadRequestError(f"{name}: Invalid value: {text!r}: must be a whole number")
        return int(text) if text else None


def asked(store: Store, http: web.Request, address: Address) -> Asked:
    """The request with its kind. Raises NotFoundError where no such kind is served."""
    kind = store.kind_for(address.group, address.version, address.plural)
    if kind is None:
        raise NotFoundError("the server could not find the requested resource")
    return Asked(store, http, address, kind)
