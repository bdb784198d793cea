"""A real Prometheus on loopback, serving the world of world.py from a block that promtool wrote."""

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

READY = "Server is ready to receive web requests"
PATIENCE = 60.0
"""Seconds that it has to get ready."""


def missing(reason: str) -> NoReturn:
    """Skip with the reason; in CI, where .ci/run installs the package, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def binary(name: str) -> str:
    """The path of a program of Debian's `prometheus` package, major version 2."""
    path = shutil.which(name)
    if path is None:
        missing(f"{name} is not installed (Debian: apt-get install --no-install-recommends prometheus)")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    if "version 2." not in version:
        missing(f"{name} 2 is needed, found: {version.splitlines()[0]}")
    return path


@contextmanager
def prometheus(folder: Path, samples: str) -> Iterator[str]:
    """The base URL of a Prometheus that holds these samples (OpenMetrics text)."""
    (folder / "samples.txt").write_text(samples)
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
    write = [binary("promtool"), "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(write, cwd=folder, check=True, capture_output=True, timeout=60)
    address = f"127.0.0.1:{_free_port()}"
    command = [binary("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    command += [f"--web.listen-address={address}", "--storage.tsdb.retention.time=100y", "--log.level=info"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            _await_ready(process)
            yield f"http://{address}"
        finally:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _await_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    lines = []
    impatience = threading.Timer(PATIENCE, process.kill)
    impatience.start()
    try:
        for line in process.stderr:
            lines.append(line)
            if READY in line:
                return
    finally:
        impatience.cancel()
    pytest.fail("Prometheus ended, or was ended, before it was ready:\n" + "".join(lines))


def ask(url: str, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The JSON answer of an endpoint, errors included."""
    try:
        with urlopen(f"{url}/api/v1/{path}", data=urlencode(parameters).encode(), timeout=20) as answer:
            return dict(json.load(answer))
    except HTTPError as error:
        with error:
            return dict(json.load(error))
