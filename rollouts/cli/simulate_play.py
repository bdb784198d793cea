"""From the words of `sluice simulate` to a course: read files, find the release, play it. Called by the command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rollouts.cli import files
from rollouts.cli.ages import in_seconds
from rollouts.cli.session import CommandError
from rollouts.cli.shipped import shipped
from rollouts.cli.simulate_course import Course
from rollouts.cli.simulate_release import release_of
from rollouts.cli.simulate_stage import Stage
from rollouts.cli.simulate_story import Story, load_story
from rollouts.simulator.clock import EPOCH, run_virtual
from rollouts.simulator.store import Store
from rollouts.telemetry.logs import configure


@dataclass(frozen=True, slots=True)
class Choices:
    """What the flags say, as written."""

    rollout: str = ""
    image: str = ""
    promote_after: str = ""
    limit: str = "6h"
    seed: int | None = None


def play(paths: Sequence[str], scenario: str, choices: Choices) -> tuple[Course, tuple[str, ...]]:
    """The course, and notes on what was assumed. Errors of files come together, so that all can be mended at once."""
    configure(level="panic")
    promote_after, limit = _span("--promote-after", choices.promote_after), _span("--limit", choices.limit)
    story = _story(files.read_text(scenario) if scenario else "", choices)
    manifests = files.read(paths)
    if manifests.faults:
        raise CommandError("; ".join(str(fault) for fault in manifests.faults))
    store = Store(lambda: EPOCH)
    store.load_definitions([shipped("crds")])
    known = {(kind.resource.api_version, kind.resource.kind) for kind in store.definitions}
    release = release_of(story, [item.object for item in manifests.items], known)

    async def run() -> Course:
        stage = Stage(story, release)
        stage.promote_after, stage.limit = promote_after, limit or stage.limit
        return await stage.play()

    return run_virtual(run()), release.notes


def _story(text: str, choices: Choices) -> Story:
    story = load_story(text)
    release = story.release
    chosen = replace(release, rollout=choices.rollout or release.rollout, image=choices.image or release.image)
    seed = story.scenario.seed if choices.seed is None else choices.seed
    return replace(story, release=chosen, scenario=replace(story.scenario, seed=seed))


def _span(flag: str, text: str) -> timedelta | None:
    if not text:
        return None
    span = in_seconds(text)
    if span is None:
        raise CommandError(f'invalid argument "{text}" for "{flag}" flag: write it as 90s or 1h30m')
    return span
