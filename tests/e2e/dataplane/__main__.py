"""`make dataplane`: plays the scenarios in a network of their own, and prints the table of docs/benchmarks.md.

    python -m tests.e2e.dataplane [--json FILE] [--keep FOLDER] [STORY ...]

Exits with 1 where a request was lost or a split is off. Called by tests/e2e/dataplane/test_dataplane.py too.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.contract.gateway import MODULE, module_folder
from tests.e2e.dataplane import gateways, space
from tests.e2e.dataplane.judge import Verdict
from tests.e2e.dataplane.stories import STORIES, Story
from tests.e2e.dataplane.table import table
from tests.e2e.dataplane.world import World, a_world
from tests.e2e.harness import ROOT, SCRIPTS

INSIDE = "--inside"


def main() -> None:
    """Outside: fetch what needs the world's network, then go inside."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.dataplane", description=__doc__.partition("\n")[0])
    parser.add_argument("stories", nargs="*", choices=[[], *(story.name for story in STORIES)], metavar="STORY")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    parser.add_argument("--keep", type=Path, help="a folder that exists: logs and every request stay there")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        sys.exit(asyncio.run(inside(given)))
    if obstacle := space.obstacle():
        sys.exit(f"not run: {obstacle}")
    subprocess.run([SCRIPTS / "build.sh"], check=True, stdout=subprocess.DEVNULL)
    for module in (MODULE, gateways.MODULE, gateways.TRAEFIK_MODULE):
        module_folder(module)
    command = [sys.executable, "-m", "tests.e2e.dataplane", INSIDE, *sys.argv[1:]]
    os.chdir(ROOT)
    entering = space.entered(command)
    os.execv(entering[0], entering)  # the same process: whoever ends it ends what is inside


async def played(world: World, story: Story) -> dict[str, dict[str, Verdict]]:
    """What came of a story, told at once; nothing where it did not come to its end: the others are played anyway."""
    try:
        verdicts = await world.play(story)
    except Exception:
        traceback.print_exc()
        print(world.last_words(), file=sys.stderr, flush=True)
        return {}
    for name, verdict in verdicts.items():
        print(f"{story.name}, {name}: {verdict.told()}", file=sys.stderr, flush=True)
    return {story.name: verdicts}


async def inside(given: argparse.Namespace) -> int:
    """Play the stories that were asked for, and tell what came of them."""
    space.open_up()
    results: dict[str, dict[str, Verdict]] = {}
    with tempfile.TemporaryDirectory(prefix="sluice-dataplane-") as made:
        async with a_world(given.keep or Path(made)) as world:
            for story in STORIES:
                if not given.stories or story.name in given.stories:
                    results |= await played(world, story)
    if given.json:
        told = {name: {way: asdict(one) for way, one in ways.items()} for name, ways in results.items()}
        given.json.write_text(json.dumps(told))
    print(table(results))
    is_whole = len(results) == len(given.stories or STORIES)
    return int(not is_whole or not all(verdict.is_good for ways in results.values() for verdict in ways.values()))


if __name__ == "__main__":
    main()
