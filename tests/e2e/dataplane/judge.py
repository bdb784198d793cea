"""What a scenario's requests and writes come to: pure functions over what was told. Called by __main__ and the tests.

Lost is every request without a 2xx answer; in all scenarios a ready pod exists at every moment. The split is compared
with the weights from the moment on at which a write is felt: the most likely one, given which version answered each
request, so that no gateway has to be asked.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

LATEST = 20.0
"""Seconds after which a write must be felt. Traefik may take two (providersThrottleDuration), six when starved."""

MARGIN = 0.5
"""Seconds after an effect, and before the next write is seen, in which the split is not judged."""

FEW = 100
"""A window with fewer requests says nothing about a split."""

EVIDENCE = 10.0
"""So much likelier, as a logarithm, must a change make the answers after it: chance alone does it once in 20,000."""

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
    """From this moment on the objects say that this share of the requests goes to each version; or say it otherwise."""

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
    """All figures of one scenario, one way. `strays`: answers by a version that had no part any more."""

    requests: int
    lost: int
    strays: int
    losses: list[tuple[str, int]] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing lost, nobody led astray, every split as the weights say, every write felt in time."""
        return not (self.lost or self.strays or any(one.is_off for one in self.splits) or self.late)

    @property
    def late(self) -> list[Effect]:
        """The writes that were felt too late, or never."""
        return [one for one in self.effects if one.seconds is None or one.seconds > LATEST]

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
    """The figures of these requests, in any order, under these courses, in theirs. The first one is felt already.

    Without courses nothing is said of splits.
    """
    inorder = sorted(requests, key=lambda one: one.start)
    losses = Counter(f"{one.code} {one.answer}" for one in inorder if one.is_lost)
    answered = [one for one in inorder if not one.is_lost]
    begun = max((place for place, one in enumerate(courses) if one.moment <= inorder[0].start), default=0)
    spans = list(_spans(answered, courses[begun:])) if courses else []
    return Verdict(
        requests=len(inorder),
        lost=losses.total(),
        strays=sum(one.version not in span.course.shares for span in spans for one in span.settled),
        losses=losses.most_common(5),
        splits=[split for span in spans for split in _splits(span)],
        effects=[span.effect for span in spans if span.effect],
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """A course, when its shares were felt (where they are new), and the requests from then on until the next one."""

    course: Course
    effect: Effect | None
    settled: Sequence[Request]


def _spans(answered: Sequence[Request], courses: Sequence[Course]) -> Iterator[_Span]:
    """What is not felt yet when the next write comes is looked for in the next span.

    write A      write B (the same shares: a Service and a weight move together)
    |------------|---------.----------------|
    origin                 felt: settled from here on
    """
    felt = courses[0]
    waits: Course | None = None
    for course, following in zip_longest(courses, courses[1:]):
        until = following.moment if following else math.inf
        window = [one for one in answered if course.moment <= one.end <= until]
        calm = [one for one in window if one.end <= until - MARGIN]
        if course.shares == felt.shares:
            yield _Span(course, None, _since(calm, course.moment))
            waits = None
            continue
        if waits is not None and waits.shares != course.shares:
            felt, waits = waits, None  # overtaken by another write before it could be told
        waits = waits or course
        effect = _effect(window, felt, course, waits.moment)
        if effect is None or effect.seconds is None:
            yield _Span(course, effect if following is None else None, _since(calm, waits.moment + LATEST))
            continue
        yield _Span(course, effect, _since(calm, waits.moment + min(effect.seconds + MARGIN, LATEST)))
        felt, waits = course, None


def _since(window: Sequence[Request], moment: float) -> list[Request]:
    return [one for one in window if one.start >= moment]


def _effect(window: Sequence[Request], before: Course, after: Course, origin: float) -> Effect | None:
    """The effect on the version whose share grew most: one is enough to tell."""
    gains = {version: share - before.shares.get(version, 0.0) for version, share in after.shares.items()}
    version = max(gains, key=lambda one: gains[one], default="")
    if not version or len(window) < FEW:
        return None
    old, new = before.shares.get(version, 0.0), after.shares[version]
    place = turning_point([one.version == version for one in window], old, new)
    return Effect(version, old, new, window[place].end - origin if place < len(window) else None)


def _splits(span: _Span) -> list[Split]:
    window, shares = span.settled, span.course.shares
    if len(window) < FEW:
        return []
    counts = Counter(one.version for one in window)
    return [
        Split(version, share, counts[version] / len(window), _allowed(share, len(window)))
        for version, share in sorted(shares.items())
    ]


def _allowed(share: float, count: int) -> float:
    return SIGMAS * math.sqrt(share * (1 - share) / count) + (SLACK if 0 < share < 1 else 0)


def turning_point(hits: Sequence[bool], before: float, after: float) -> int:
    """The place from which on the second share explains best what is seen, the first before it.

    The end, where what follows is no evidence: a few answers in a row are chance.
    """
    old_hit, old_miss, new_hit, new_miss = map(_log, (before, 1 - before, after, 1 - after))
    best, place, told = 0.0, 0, 0.0  # logarithms of how much likelier the first share makes what was seen so far
    for number, hit in enumerate(hits, 1):
        told += (old_hit - new_hit) if hit else (old_miss - new_miss)
        if told > best:
            best, place = told, number
    return place if best - told >= EVIDENCE else len(hits)


def _log(share: float) -> float:
    """A share of none or all is not quite sure: a request may have been under way."""
    return math.log(min(max(share, 1e-4), 1 - 1e-4))
