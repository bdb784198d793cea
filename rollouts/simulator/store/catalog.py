"""Which kinds are served right now. Called by the core for every request; definitions come and go as objects do."""

from functools import cache
from pathlib import Path

import yaml

from rollouts.cluster.port import Json, Resource
from rollouts.simulator.store import refusals
from rollouts.simulator.store.builtin import BUILTIN_KINDS
from rollouts.simulator.store.kinds import Kind, kinds_of_definition
from rollouts.simulator.store.meta import Sealed, copied
from rollouts.simulator.store.rules import without_empties

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


class Catalog:
    """Kinds by group, version and plural."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], Kind] = {}
        for kind in BUILTIN_KINDS:
            self._put(kind)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Every kind served, the preferred version of a group first."""
        return tuple(sorted(self._kinds.values(), key=lambda kind: not kind.is_preferred))

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind of that name, or None."""
        return self._kinds.get((group, version, plural))

    def kind(self, resource: Resource) -> Kind:
        """The kind of a resource. Raises NotFoundError."""
        kind = self.find(resource.group, resource.version, resource.plural)
        if kind is None:
            raise refusals.kind_not_served(f"{resource.plural}.{resource.version}.{resource.group}".rstrip("."))
        return kind

    def serves(self, api_version: str, name: str) -> bool:
        """Whether objects of this kind can exist here."""
        group = api_version.rpartition("/")[0]
        return any(kind.resource.kind == name and kind.resource.group == group for kind in self._kinds.values())

    def add(self, definition: Json) -> None:
        """Serve what a CustomResourceDefinition declares, in place of what it declared before."""
        self.drop(definition)
        for kind in kinds_of_definition(definition):
            self._put(kind)

    def drop(self, definition: Json) -> None:
        """Serve it no longer."""
        spec = definition["spec"]
        shelf = spec["group"], spec["names"]["plural"]
        self._kinds = {key: kind for key, kind in self._kinds.items() if kind.shelf != shelf}

    def _put(self, kind: Kind) -> None:
        resource = kind.resource
        self._kinds[resource.group, resource.version, resource.plural] = kind


def read_definitions(path: Path) -> list[Json]:
    """The CustomResourceDefinitions of a YAML file, or of all YAML files of a folder."""
    return [copied(one) for one in sealed_definitions(path)]


def sealed_definitions(path: Path) -> tuple[Json, ...]:
    """The same, not to be changed: each is made ready once for all the stores of a process."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return tuple(one for file in files for one in _definitions(file.read_text(encoding="utf-8")))


@cache
def _definitions(text: str) -> tuple[Json, ...]:
    documents = (one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if isinstance(one, dict))
    return tuple(_sealed(one) for one in documents if one.get("kind") == "CustomResourceDefinition")


def _sealed(definition: Json) -> Json:
    spec = without_empties(definition.get("spec"))
    return {**definition, "spec": Sealed(spec)} if isinstance(spec, dict) else definition


def faults_of_definition(definition: Json) -> list[refusals.Cause]:
    """Why a CustomResourceDefinition cannot be served."""
    spec = definition.get("spec") or {}
    causes = [
        refusals.required(f"spec.{name}") for name in ("group", "names", "scope", "versions") if not spec.get(name)
    ]
    if causes:
        return causes
    wanted = f"{spec['names'].get('plural', '')}.{spec['group']}"
    if definition["metadata"].get("name") != wanted:
        shown = f'"{definition["metadata"].get("name")}"'
        causes.append(
            refusals.invalid_value("metadata.name", shown, f'must be spec.names.plural+"."+spec.group: {wanted}')
        )
    for index, version in enumerate(spec["versions"]):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            why = "schemas are required"
            causes.append(refusals.required(f"spec.versions[{index}].schema.openAPIV3Schema", why))
    return causes


def established(definition: Json, moment: str) -> Json:
    """The definition with the status that says it is served."""
    conditions = [
        {"type": type_, "status": "True", "reason": reason, "message": message, "lastTransitionTime": moment}
        for type_, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    spec = definition["spec"]
    stored = [version["name"] for version in spec["versions"] if version.get("storage")]
    return {
        **definition,
        "status": {"conditions": conditions, "acceptedNames": spec["names"], "storedVersions": stored},
    }
