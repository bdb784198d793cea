"""The versions of an experiment: each a ReplicaSet that comes, stays for a while and goes, with a Service if asked for.

Called by decide_experiment for each template. A ReplicaSet is made without pods and grows in the round after, so that
its Service is there before they are; it goes after a delay, and its Service once nobody is left behind it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from rollouts.decide.experiment.minded import Part, ends_at, is_ending, is_over, refusal
from rollouts.model.experiment import (
    CreateService,
    CreateTemplate,
    DelayTemplate,
    DeleteService,
    ExperimentEffect,
    ExperimentSnapshot,
    ExperimentStatus,
    ScaleTemplate,
    TemplatePhase,
    TemplateSpec,
    TemplateStatus,
)
from rollouts.model.plan import Event
from rollouts.model.workload import Version


def mind_template(seen: ExperimentSnapshot, template: TemplateSpec, now: datetime) -> Part[TemplateStatus]:
    """Bring one version on its way, and say where it stands."""
    before, version = seen.status.template(template.name), seen.versions.get(template.name)
    wanted = _wanted(seen, template)
    effects = (*_service(seen, template, version), *_pods(seen, template, version, now))
    after = _counted(before, version, seen.services.get(template.name, ""))
    if _is_moved(before, after) or any(isinstance(effect, CreateTemplate | ScaleTemplate) for effect in effects):
        after = replace(after, transitioned=now.replace(microsecond=0))
    trouble, told = _trouble(seen, template, effects)
    if not before.phase.is_done:
        after = _placed(seen, after, wanted, trouble, now)
    return Part(after, () if trouble and not before.phase.is_done else effects, (*told, *_transition(before, after)))


def wakes_at(seen: ExperimentSnapshot, status: ExperimentStatus, now: datetime) -> datetime | None:
    """The next moment at which time alone changes something: the duration's end, a deadline, the end of a delay."""
    moments = [
        version.scale_down_at for version in seen.versions.values() if version.scale_down_at and version.replicas
    ]
    end = ends_at(seen.spec, status)
    if not status.phase.is_done and end is not None:
        moments.append(end)
    for template in seen.spec.templates:
        stands = status.template(template.name)
        is_waiting = not stands.phase.is_done and stands.available != template.replicas
        if is_waiting and stands.transitioned is not None:
            moments.append(stands.transitioned + seen.spec.progress_deadline)
    return min((moment for moment in moments if moment > now), default=None)


def _wanted(seen: ExperimentSnapshot, template: TemplateSpec) -> int:
    """How many pods it is to have."""
    is_done = seen.status.template(template.name).phase.is_done
    return 0 if is_done or is_ending(seen) else template.replicas


def _service(seen: ExperimentSnapshot, template: TemplateSpec, version: Version | None) -> tuple[ExperimentEffect, ...]:
    held, name = seen.services.get(template.name, ""), template.name
    if held:
        is_empty = version is None or (version.replicas, version.available) == (0, 0)
        is_idle = _wanted(seen, template) == 0 and is_empty
        return (DeleteService(name, held),) if template.service is None or is_idle else ()
    is_called_for = template.service is not None and template.has_ports and _wanted(seen, template) > 0
    return (CreateService(name, template.service or version.name),) if version and is_called_for else ()


def _pods(
    seen: ExperimentSnapshot, template: TemplateSpec, version: Version | None, now: datetime
) -> tuple[ExperimentEffect, ...]:
    wanted, delay = _wanted(seen, template), seen.spec.scale_down_delay
    if version is None:
        is_leaving = is_ending(seen) or seen.status.template(template.name).phase.is_done
        return () if is_leaving else (CreateTemplate(template.name, f"{seen.spec.name}-{template.name}"),)
    if version.replicas == wanted:
        return ()
    if wanted == 0 and delay > timedelta() and template.replicas:
        if version.scale_down_at is None:
            return (DelayTemplate(template.name, version.name, now + delay),)
        if now < version.scale_down_at:
            return ()
    is_dated = version.scale_down_at is not None and (wanted > 0 or delay <= timedelta())
    return (ScaleTemplate(template.name, version.name, version.replicas, wanted, drops_delay=is_dated),)


def _counted(before: TemplateStatus, version: Version | None, service: str) -> TemplateStatus:
    """With the pods that there are, and with its Service."""
    if version is None:
        return replace(before, replicas=0, updated=0, ready=0, available=0, service="", hash="")
    return replace(
        before,
        replicas=version.current,
        updated=version.current,
        ready=version.ready,
        available=version.available,
        service=service,
        hash=version.hash if service else "",
    )


def _is_moved(before: TemplateStatus, after: TemplateStatus) -> bool:
    return (before.replicas, before.ready, before.available) != (after.replicas, after.ready, after.available)


def _placed(
    seen: ExperimentSnapshot, after: TemplateStatus, wanted: int, trouble: str, now: datetime
) -> TemplateStatus:
    """Where a version stands that has not come to an end yet."""
    deadline = seen.spec.progress_deadline
    if trouble:
        return replace(after, phase=TemplatePhase.ERROR, message=trouble)
    if is_ending(seen):
        return replace(after, phase=TemplatePhase.SUCCESSFUL)
    if after.available == wanted:
        phase = TemplatePhase.SUCCESSFUL if is_over(seen, now) else TemplatePhase.RUNNING
        return replace(after, phase=phase)
    if after.transitioned is not None and now >= after.transitioned + deadline:
        message = f"Template '{after.name}' exceeded its progressDeadlineSeconds ({int(deadline.total_seconds())})"
        return replace(after, phase=TemplatePhase.FAILED, message=message)
    return replace(after, phase=TemplatePhase.PROGRESSING)


def _trouble(
    seen: ExperimentSnapshot, template: TemplateSpec, effects: tuple[ExperimentEffect, ...]
) -> tuple[str, tuple[Event, ...]]:
    """What the API server refused of what is to be done again: the version's message, and the events of it."""
    failure = next((found for effect in effects if (found := refusal(seen, effect)) is not None), None)
    if failure is None:
        return "", ()
    name, said = template.name, failure.message
    match failure.effect:
        case CreateTemplate(name=replica_set):
            told = Event("ReplicaSetCreateError", f'Failed to create ReplicaSet "{replica_set}": {said}', True)
            return f"Failed to create ReplicaSet for template '{name}': {said}", (told,)
        case ScaleTemplate(name=replica_set, former=former, replicas=size):
            way = "up" if size > former else "down"
            told = Event("ReplicaSetUpdateError", f"Failed to scale {replica_set} {way}: {said}", True)
            unable = f"Unable to scale ReplicaSet for template '{name}' to desired replica count"
            return f"{unable} '{size}': {said}", (told,)
        case CreateService(name=service):
            return f"Failed to create Service {service} for template '{name}': {said}", ()
        case DeleteService():
            return f"Failed to delete Service for template '{name}': {said}", ()
        case _:
            return said, ()


def _transition(before: TemplateStatus, after: TemplateStatus) -> tuple[Event, ...]:
    if before.phase is after.phase:
        return ()
    message = f"Template '{after.name}' transitioned from {before.phase} -> {after.phase}"
    said = f"{message}: {after.message}" if after.message else message
    return (Event(f"Template{after.phase}", said, is_warning=after.phase.is_bad),)
