"""Git over HTTP on loopback: the remote of `make demo` and of tests. Starts `git http-backend` once a request.

Real protocol, real repositories, no daemon: what the sync loop meets here is what it meets at a Git host. Reading only;
commits are made by `Repository`, in the process that owns the folder. With `password` it asks for
credentials, with `tls` it speaks https.
"""

import asyncio
import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Sluice",
    "GIT_AUTHOR_EMAIL": "demo@sluice.invalid",
    "GIT_COMMITTER_NAME": "Sluice",
    "GIT_COMMITTER_EMAIL": "demo@sluice.invalid",
}
_QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


class GitFailedError(Exception):
    """git refused a command of the demo or of a test."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a working tree, as a user has it."""

    folder: Path

    @classmethod
    async def init(cls, folder: Path, *, branch: str = "main") -> "Repository":
        """An empty repository on this branch."""
        os.makedirs(folder, exist_ok=True)
        repository = cls(folder)
        await repository.git("init", "--quiet", f"--initial-branch={branch}")
        return repository

    async def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Write these files (None removes one), commit them, give the hash."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        await self.git("add", "--all")
        await self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return await self.head()

    async def revert(self, commit: str) -> str:
        """Take a commit back by a new one, give its hash."""
        await self.git("revert", "--no-edit", commit)
        return await self.head()

    async def head(self) -> str:
        """The hash of the newest commit."""
        return await self.git("rev-parse", "HEAD")

    async def git(self, *arguments: str) -> str:
        """Any other command; gives what it prints. Raises GitFailedError."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | _QUIET | _AUTHOR
        process = await asyncio.create_subprocess_exec(
            "git", *arguments, cwd=self.folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        if process.returncode:
            raise GitFailedError(f"git {' '.join(arguments)}: {err.decode(errors='replace').strip()}")
        return out.decode().strip()


@dataclass(slots=True)
class GitServer:
    """Serves every repository below `folder`; an async context. Its port is free at the start, `url` tells it."""

    folder: Path
    user: str = "sluice"
    password: str = ""
    tls: ssl.SSLContext | None = None
    requests: list[str] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _port: int = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on loopback."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self.tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the socket, and end what still runs."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def url(self, repository: Repository) -> str:
        """Where to clone it from."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}/{repository.folder.relative_to(self.folder).as_posix()}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.path_qs}")
        if not self._may_enter(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        body = await request.read()
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=self._environment(request, len(body)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            out, _ = await process.communicate(body)
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return _response(out)

    def _may_enter(self, request: web.Request) -> bool:
        if not self.password:
            return True
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return request.headers.get("Authorization", "") == f"Basic {pair}"

    def _environment(self, request: web.Request, length: int) -> dict[str, str]:
        """What CGI tells a program, and nothing else of ours."""
        return _QUIET | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": "",
            "REMOTE_ADDR": "127.0.0.1",
        }


def _response(output: bytes) -> web.Response:
    """A CGI answer as an HTTP one."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode(errors="replace").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split(" ")[0]) if head else 502
    return web.Response(status=status, headers=headers, body=body)
