"""What a scenario's requests and writes come to: pure functions over what was told. Called by __main__ and the tests.

Lost is every request without a 2xx answer; in all scenarios a ready pod exists at every moment. The split is compared
with the weights once a write had time to take effect. The moment of its effect is the most likely one, given which
version answered each request: no gateway has to be asked.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any

SETTLED = 3.0
"""Seconds after a write in which the split is not judged. Traefik may take two (providersThrottleDuration)."""

FEW = 100
"""A window with fewer requests says nothing about a split."""

SIGMAS = 4.0
SLACK = 0.01
"""What a turn of weighted round robin, cut off by the window's edge, may add."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it began and ended, its code (0: no answer), and who answered or what went wrong."""

    start: float
    end: float
    method: str
    code: int
    answer: str

    @property
    def is_lost(self) -> bool:
        """No 2xx."""
        return not 200 <= self.code < 300

    @property
    def version(self) -> str:
        """The version that answered."""
        return self.answer.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Course:
    """From this moment on the objects say that this share of the requests goes to each version."""

    moment: float
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of a version's share, and after how many seconds it was felt; None where nothing shows it."""

    version: str
    before: float
    after: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """In one window: the share of a version by the objects, as observed, and the error that sampling allows."""

    version: str
    wanted: float
    observed: float
    allowed: float

    @property
    def is_off(self) -> bool:
        """Beyond what sampling explains."""
        return abs(self.wanted - self.observed) > self.allowed


@dataclass(frozen=True)
class Verdict:
    """All figures of one scenario, one way. `strays`: answers by a version that had had no part for SETTLED seconds."""

    requests: int
    lost: int
    strays: int
    losses: list[tuple[str, int]] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing lost, nobody led astray, every split as the weights say."""
        return not self.lost and not self.strays and not any(split.is_off for split in self.splits)

    def told(self) -> str:
        """One line of it."""
        late = ", ".join(f"{one.after:.0%} {one.seconds or -1:.2f} s" for one in self.effects)
        off = "".join(f"; {one}" for one in self.splits if one.is_off)
        lost = f"{self.lost} lost of {self.requests} {self.losses or ''}"
        return f"{lost}, {self.strays} astray; effects: {late}{off}"


def verdict_of(told: Mapping[str, Any]) -> Verdict:
    """A verdict that was written as JSON."""
    losses = [(what, count) for what, count in told["losses"]]
    splits, effects = [Split(**one) for one in told["splits"]], [Effect(**one) for one in told["effects"]]
    return Verdict(told["requests"], told["lost"], told["strays"], losses, splits, effects)


def judged(requests: Sequence[Request], courses: Sequence[Course]) -> Verdict:
    """The figures of these requests, in any order, under these courses, in theirs."""
    inorder = sorted(requests, key=lambda one: one.start)
    losses = Counter(f"{one.code} {one.answer}" for one in inorder if one.is_lost)
    answered = [one for one in inorder if not one.is_lost]
    spans = list(_spans(courses, inorder[-1].start))
    return Verdict(
        requests=len(inorder),
        lost=losses.total(),
        strays=sum(_is_stray(one, spans) for one in answered),
        losses=losses.most_common(5),
        splits=[split for span in spans for split in _splits(answered, span)],
        effects=[
            effect
            for before, after in pairwise(spans)
            if after.course.moment > inorder[0].start
            for effect in _effects(answered, before.course, after)
        ],
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """A course, and when the next one begins."""

    course: Course
    until: float


def _spans(courses: Sequence[Course], end: float) -> Iterator[_Span]:
    for course, following in zip_longest(courses, courses[1:]):
        yield _Span(course, following.moment if following else max(end, course.moment))


def _is_stray(request: Request, spans: Sequence[_Span]) -> bool:
    """Whether its version had no part from SETTLED before the request to its end."""
    near = [one for one in spans if one.until >= request.start - SETTLED and one.course.moment <= request.end]
    return not any(one.course.shares.get(request.version) for one in near)


def _splits(answered: Sequence[Request], span: _Span) -> list[Split]:
    course = span.course
    window = [one for one in answered if course.moment + SETTLED <= one.start and one.end <= span.until]
    if len(window) < FEW:
        return []
    counts = Counter(one.version for one in window)
    return [
        Split(version, share, counts[version] / len(window), _allowed(share, len(window)))
        for version, share in sorted(course.shares.items())
        if share > 0 or counts[version]
    ]


def _allowed(share: float, count: int) -> float:
    return SIGMAS * math.sqrt(share * (1 - share) / count) + (SLACK if 0 < share < 1 else 0)


def _effects(answered: Sequence[Request], before: Course, span: _Span) -> list[Effect]:
    """The effect on the version whose share grew most: one is enough to tell."""
    after = span.course
    gains = {version: share - before.shares.get(version, 0.0) for version, share in after.shares.items()}
    version = max(gains, key=lambda one: gains[one], default="")
    window = [one for one in answered if after.moment <= one.end and one.start <= span.until]
    if not version or gains[version] <= 0 or len(window) < FEW:
        return []
    old, new = before.shares.get(version, 0.0), after.shares[version]
    place = turning_point([one.version == version for one in window], old, new)
    return [Effect(version, old, new, max(0.0, window[place].end - after.moment) if place < len(window) else None)]


def turning_point(hits: Sequence[bool], before: float, after: float) -> int:
    """The place from which on the second share explains best what is seen, the first before it."""
    old_hit, old_miss, new_hit, new_miss = map(_log, (before, 1 - before, after, 1 - after))
    best, place, told = 0.0, 0, 0.0
    for number, hit in enumerate(hits, 1):
        told += (old_hit - new_hit) if hit else (old_miss - new_miss)
        if told > best:
            best, place = told, number
    return place


def _log(share: float) -> float:
    """A share of none or all is not quite sure: a request may have been under way."""
    return math.log(min(max(share, 1e-4), 1 - 1e-4))
