"""A backtest as a picture: each metric over time, its verdicts, and when runs would have aborted. By matplotlib.

The library is an extra and loaded here, when a picture is asked for: nobody else pays for it.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from analysis.backtest import Sample
from analysis.model import Phase
from rollouts.cli.backtest_figures import aborts, outcomes
from rollouts.cli.backtest_play import Tried
from rollouts.cli.chart import Threshold
from rollouts.cli.chart_runs import thresholds_of
from rollouts.cli.session import CommandError

FORMS = (".svg", ".png")
EXTRA = "sluice-delivery[plot]"
_COLOURS = {Phase.SUCCESSFUL: "#2a7f3f", Phase.FAILED: "#c0271f", Phase.ERROR: "#c98a00", Phase.INCONCLUSIVE: "#c98a00"}


def refuse_vain(path: str) -> None:
    """CommandError, before anything is asked: the form is not known, or the extra is missing."""
    if Path(path).suffix.lower() not in FORMS:
        raise CommandError(f'--plot "{path}": its name must end in {" or ".join(FORMS)}')
    try:
        import_module("matplotlib.figure")
    except ImportError as error:
        raise CommandError(f"--plot needs matplotlib, which is not installed: pip install '{EXTRA}'") from error


def save(tried: Tried, path: str) -> None:
    """Write the picture. CommandError: the file cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1.2 + 2.2 * len(tried.stories)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(tried.stories), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, samples) in zip(panels, tried.stories.items(), strict=True):
        _draw(panel, name, samples, tried)
    found = outcomes(tried.runs)
    figure.suptitle(f"{tried.case.title}: {found.aborted:,} of {found.total:,} runs would have aborted", fontsize=11)
    try:
        figure.savefig(path, metadata={"Date": None} if path.lower().endswith(".svg") else None)
    except OSError as error:
        raise CommandError(f"--plot {path}: {error.strerror or error}") from error


def _draw(panel: Any, name: str, samples: tuple[Sample, ...], tried: Tried) -> None:
    known = [(sample.at, sample.number, sample.measurement.phase) for sample in samples if sample.number is not None]
    panel.plot([at for at, _, _ in known], [value for _, value, _ in known], color="#8a8f98", linewidth=0.8, zorder=1)
    for phase, colour in _COLOURS.items():
        of_phase = [(at, value) for at, value, its in known if its is phase]
        if of_phase:
            times, values = zip(*of_phase, strict=True)
            panel.scatter(times, values, s=6, color=colour, label=str(phase), zorder=2)
    for threshold in _thresholds(name, tried):
        panel.axhline(threshold.value, color="#c0271f", linewidth=0.8, linestyle="--")
    _shade(panel, tried)
    panel.set_title(name, loc="left", fontsize=9)
    panel.set_xlim(tried.words.first, tried.words.last)
    panel.tick_params(labelsize=8)
    if known:
        panel.legend(fontsize=7, loc="lower left")


def _thresholds(name: str, tried: Tried) -> list[Threshold]:
    metric = next(metric for metric in tried.case.spec.metrics if metric.name == name)
    return [each for text in (metric.success_condition, metric.failure_condition) for each in thresholds_of(text)]


def _shade(panel: Any, tried: Tried) -> None:
    """Where runs that begin would abort; a single one is as wide as the time that it took."""
    for spell in aborts(tried):
        end = spell.last if spell.length else spell.of[0].ended
        panel.axvspan(spell.first, end, color="#c0271f", alpha=0.12, linewidth=0)
