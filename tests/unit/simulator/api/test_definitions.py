"""Our definitions under a stock kubectl, on the embedded cluster. tests/e2e/test_definitions.py asks a real one."""

from pathlib import Path

from tests.builders.explaining import explains_every_field, takes_plain_applies
from tests.builders.kubectl import shop


async def test_every_field_is_explained(tmp_path: Path) -> None:
    """`kubectl explain` has our words for every field of every kind."""
    async with shop(tmp_path) as kubectl:
        await explains_every_field(kubectl)


async def test_a_plain_apply_takes_the_definitions(tmp_path: Path) -> None:
    """No definition is too large for the annotation of a client-side apply; a second one changes nothing."""
    async with shop(tmp_path) as kubectl:
        await takes_plain_applies(kubectl)
