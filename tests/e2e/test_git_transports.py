"""The two ways to a Git host, by the real programs: https with a CA of its own, and ssh with a key."""

import getpass
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from rollouts.gitsync.checkout import GitCheckout
from rollouts.gitsync.errors import FetchError
from rollouts.gitsync.ports import NO_CREDENTIALS, Credentials
from rollouts.gitsync.sources import Reference, Source
from rollouts.simulator.githttp import GitServer, Repository

pytestmark = pytest.mark.e2e

SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {folder}/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
"""


def a_source(url: str) -> Source:
    """The branch main of this repository."""
    return Source("default", "app", url=url, reference=Reference(branch="main"))


def run(*words: str) -> None:
    """A program that must succeed."""
    subprocess.run(words, check=True, capture_output=True)


@asynccontextmanager
async def https(folder: Path) -> AsyncIterator[tuple[GitServer, str]]:
    """A Git server with a certificate that only its own CA, given as PEM, vouches for; it wants a password."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    run(*made, "-keyout", str(key), "-out", str(certificate), *subject)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with GitServer(folder / "remote", password="secret", tls=context) as server:
        yield server, certificate.read_text()


@contextmanager
def sshd(folder: Path) -> Iterator[int]:
    """An ssh server on loopback that knows one key; its port."""
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (folder / "config").write_text(SSHD.format(port=port, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while "Server listening" not in (line := process.stderr.readline()):
            assert line, "sshd has ended"
        yield port
    finally:
        process.terminate()
        process.communicate()


async def test_https_trusts_the_ca_of_the_secret_alone(tmp_path: Path) -> None:
    """With the CA and the password the commit is fetched; without the CA nothing is sent."""
    async with https(tmp_path) as (server, authority):
        repository = await Repository.init(server.folder / "app")
        commit = await repository.commit({"a.yaml": "a: 1\n"}, "first")
        source = a_source(server.url(repository))
        checkout = GitCheckout(tmp_path / "mirrors")

        fetched = await checkout.fetch(source, Credentials("sluice", "secret", authority=authority))
        assert fetched.revision == f"main@sha1:{commit}"

        asked = len(server.requests)
        with pytest.raises(FetchError, match="certificate"):
            await GitCheckout(tmp_path / "others").fetch(source, Credentials("sluice", "secret"))
        assert len(server.requests) == asked


async def test_ssh_takes_the_key_and_the_host_of_the_secret(tmp_path: Path) -> None:
    """The right host key lets the commit through; another one, or no key, does not."""
    repository = await Repository.init(tmp_path / "remote")
    commit = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    with sshd(tmp_path) as port:
        source = a_source(f"ssh://{getpass.getuser()}@127.0.0.1:{port}{repository.folder}")
        identity = (tmp_path / "user").read_text()
        host = f"[127.0.0.1]:{port} {(tmp_path / 'host.pub').read_text()}"
        stranger = f"[127.0.0.1]:{port} {(tmp_path / 'user.pub').read_text()}"

        fetched = await GitCheckout(tmp_path / "a").fetch(source, Credentials(identity=identity, known_hosts=host))
        assert fetched.revision == f"main@sha1:{commit}"

        with pytest.raises(FetchError):
            await GitCheckout(tmp_path / "b").fetch(source, Credentials(identity=identity, known_hosts=stranger))
        with pytest.raises(FetchError):
            await GitCheckout(tmp_path / "c").fetch(source, NO_CREDENTIALS)
