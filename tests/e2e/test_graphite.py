"""The Graphite provider against a real Graphite (Debian's graphite-web), which reads series from whisper files.

No carbon is needed: the server's own process writes the files beforehand, and Django's application serves them.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.decide import Due, Task
from analysis.model import Measurement, Metric, Phase
from analysis.outside import Outside
from analysis.ports import HttpPorts
from analysis.runner import Job, Runner
from rollouts.controller.clock import wall_clock
from tests.contract.promql.reference import missing

pytestmark = pytest.mark.e2e

PYTHON = "/usr/bin/python3"
"""Debian's: graphite-web is a package of its own Python."""
SETTINGS = """
from graphite.settings import *
STORAGE_DIR = LOG_DIR = {folder!r}
WHISPER_DIR = {folder!r}
STANDARD_DIRS = [WHISPER_DIR]
INDEX_FILE = {folder!r} + "/index"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/db"}}}}
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "of a test"
CARBONLINK_HOSTS = []
USE_WORKER_POOL = False
"""
SERVER = """
import json, os, sys, time
from wsgiref.simple_server import make_server
import whisper
folder, series = sys.argv[1], json.loads(sys.argv[2])
now = int(time.time())
for name, values in series.items():
    path = os.path.join(folder, *name.split(".")) + ".wsp"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whisper.create(path, [(60, 60)])
    whisper.update_many(path, [(now - 60 * (len(values) - at), value) for at, value in enumerate(values)])
os.environ["DJANGO_SETTINGS_MODULE"] = "graphite_of_a_test"
sys.path.insert(0, folder)
from django.core.wsgi import get_wsgi_application
server = make_server("127.0.0.1", 0, get_wsgi_application())
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Graphite that holds five minutes of answers, good ones and all."""
    if shutil.which("graphite-manage") is None:
        missing("graphite-web is not installed (Debian: apt-get install --no-install-recommends graphite-web)")
    folder = tmp_path_factory.mktemp("graphite")
    (folder / "graphite_of_a_test.py").write_text(SETTINGS.format(folder=str(folder)))
    series = {"shop.good": [9.0, 9.0, 9.0, 9.0, 9.0], "shop.all": [10.0, 10.0, 10.0, 10.0, 10.0]}
    command = [PYTHON, "-c", SERVER, str(folder), json.dumps(series)]
    errors = Path(folder / "errors").open("w")  # noqa: SIM115  # it lives as long as the server
    with errors, subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, (folder / "errors").read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


async def measured(url: str, query: str, condition: str = "") -> Measurement:
    """One measurement by the real client."""
    ports = HttpPorts(outside=Outside(environ={}))
    metric = Metric("m", "graphite", {"address": url, "query": query}, success_condition=condition)
    try:
        return (await Runner(ports, wall_clock).measure(Job(Due("m", metric, Task.MEASURE), (), {}))).measurement
    finally:
        await ports.close()


async def test_a_share_is_computed_by_graphite(url: str) -> None:
    """Functions over several lines, as users write them; empty points are left out."""
    query = """
        target=asPercent(
          sumSeries(shop.good),
          sumSeries(shop.{good,all})
        )&from=-4min"""
    measurement = await measured(url, query, "len(result) > 0 && all(result, # > 47 && # < 48)")

    assert (measurement.phase, measurement.message) == (Phase.SUCCESSFUL, "")
    assert measurement.value.startswith("[47.368421,")


async def test_a_series_that_is_not_there_is_an_error(url: str) -> None:
    """Graphite answers with an empty list."""
    measurement = await measured(url, "target=shop.none")

    assert (measurement.phase, measurement.message) == (Phase.ERROR, "no values found")


async def test_a_query_with_a_mistake_has_graphites_own_words(url: str) -> None:
    """Its refusal is the measurement's message."""
    measurement = await measured(url, "target=noSuchFunction(shop.good)")

    assert measurement.phase is Phase.ERROR
    assert measurement.message.startswith("error response: ")
    assert "noSuchFunction" in measurement.message
