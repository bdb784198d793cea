"""A stand-in for the kubelet, for pages of the docs that are followed where pods are fake. Called by tests/e2e.

It reads the Deployments of controllers that a page has applied, and runs the program of each with its arguments, in its
namespace, with the token of its ServiceAccount.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import installed


@dataclass
class Kubelet:
    """Runs the controllers whose Deployments have replicas; `look` brings it up to date.

    `where` is what kubectl is told to find the Deployments by, `by` the field of their metadata that tells them apart.
    """

    kubeconfig: Path
    folder: Path
    where: tuple[str, ...]
    by: str
    programs: dict[str, tuple[list[str], installed.Program]] = field(default_factory=dict)

    def look(self) -> None:
        """Start what is new, start anew what has other arguments, end what is gone."""
        asked = installed.kubectl(self.kubeconfig, "get", "deployments", *self.where, "-o=json")
        there = [obj for obj in json.loads(asked)["items"] if "deletionTimestamp" not in obj["metadata"]]
        spaces = {obj["metadata"][self.by]: obj["metadata"]["namespace"] for obj in there if obj["spec"]["replicas"]}
        wanted = {
            obj["metadata"][self.by]: obj["spec"]["template"]["spec"]["containers"][0].get("args", [])[1:]
            for obj in there
            if obj["metadata"][self.by] in spaces
        }
        for name in [name for name, (args, _) in self.programs.items() if wanted.get(name) != args]:
            assert self.programs.pop(name)[1].stop() == 0
        for name in wanted.keys() - self.programs.keys():
            self.start(name, spaces[name], wanted[name])

    def start(self, name: str, namespace: str, args: list[str]) -> installed.Program:
        """Run the controller of a Deployment."""
        file = self.folder / f"{name}.kubeconfig"
        config = installed.account_kubeconfig(self.kubeconfig, file, namespace=namespace)
        flags: Sequence[str] = [flag for flag in args if not flag.startswith("--data-dir")]
        program = installed.Program(config, self.folder / f"{name}.log", flags, namespace)
        self.programs[name] = args, program
        return program


@contextmanager
def a_kubelet(kubeconfig: Path, folder: Path, *where: str, by: str) -> Iterator[Kubelet]:
    """The stand-in; every controller that it started is ended."""
    found = Kubelet(kubeconfig, folder, where, by)
    try:
        yield found
    finally:
        for _, program in found.programs.values():
            program.stop()
