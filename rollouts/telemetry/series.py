"""The names of the controller's numbers, and what they mean: Argo's names, our words. Read by metrics.

Kept apart so that the table can be compared with Argo's as it stands.
"""

from enum import StrEnum

OBJECT = ("namespace", "name")
RECONCILE_SECONDS = (0.01, 0.15, 0.25, 0.5, 1.0)
QUEUE_SECONDS = tuple(10.0**power for power in range(-8, 2))
"""client-go's buckets, from ten nanoseconds to ten seconds."""
ATTEMPT_SECONDS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)
"""From a quick rolling update to a canary that takes a day."""

OBJECT_KINDS = ("rollout", "analysis_run", "experiment")
"""Kinds with `<kind>_reconcile` and `<kind>_reconcile_error`."""

HELP = {
    "rollout_info": "Information about a rollout.",
    "rollout_info_replicas_available": "Available pods of a rollout.",
    "rollout_info_replicas_unavailable": "Pods of a rollout that exist and are not available.",
    "rollout_info_replicas_desired": "Pods that a rollout wants.",
    "rollout_info_replicas_updated": "Pods of a rollout's new version.",
    "rollout_phase": "1 for the phase that a rollout is in (deprecated: see rollout_info).",
    "analysis_run_info": "Information about an analysis run.",
    "analysis_run_phase": "1 for the phase that an analysis run is in (deprecated: see analysis_run_info).",
    "sluice_metric_service_unanswered_requests": "Requests in a row to a metric service that is left alone for it.",
    "experiment_info": "Information about an experiment.",
    "experiment_phase": "1 for the phase that an experiment is in (deprecated: see experiment_info).",
    "argo_rollouts_controller_info": "The running controller.",
    "build_info": "What the running controller was made of; goversion is that of Python.",
    "workqueue_depth": "Keys that wait for their round.",
    "workqueue_unfinished_work_seconds": "Seconds that running rounds have taken so far, in all.",
    "workqueue_longest_running_processor_seconds": "Seconds that the longest of the running rounds has taken so far.",
}
"""Texts of the series that are described at each scrape."""

ATTEMPTS = {
    "rollout_duration_seconds": "Seconds from the beginning of an update to its end.",
    "rollout_progression_duration_seconds": "The same without the pauses for a human.",
    "rollout_manual_pause_duration_seconds": "Seconds that an update waited for a human.",
}
"""Histograms of updates that have ended, by how they ended (label status)."""


class TickName(StrEnum):
    """Names of the numbers of rollouts that tick."""

    INFO = "flagger_info"
    TOTAL = "flagger_canary_total"
    STATUS = "flagger_canary_status"
    WEIGHT = "flagger_canary_weight"
    DURATION = "flagger_canary_duration_seconds"
    MEASURED = "flagger_canary_metric_analysis"
    SUCCESSES = "flagger_canary_successes_total"
    FAILURES = "flagger_canary_failures_total"


TICKING = {
    TickName.INFO: "The running controller, and the provider of Canaries that name none.",
    TickName.TOTAL: "Canaries of a namespace.",
    TickName.STATUS: "Where the last run of a Canary stands: 0 under way, 1 well, 2 failed.",
    TickName.WEIGHT: "Percent of the requests that a workload gets.",
    TickName.DURATION: "Seconds in which the questions of a tick were answered.",
    TickName.MEASURED: "What a metric of a Canary measured last; durations in seconds.",
    TickName.SUCCESSES: "Runs that were promoted.",
    TickName.FAILURES: "Runs that were rolled back.",
}
"""The ancestor's names; texts of ours."""

HELP |= {name.value: text for name, text in TICKING.items()}
