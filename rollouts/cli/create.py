"""`create -f FILE` and `create analysisrun`: objects of Argo's kinds, made once, not merged into any."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from rollouts.cli.arguments import CobraCommand, CobraGroup, refuse_arguments
from rollouts.cli.manifests import objects_of, only_object_of
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import (
    ANALYSIS_RUNS,
    ANALYSIS_TEMPLATES,
    CLUSTER_ANALYSIS_TEMPLATES,
    EXPERIMENTS,
    ROLLOUTS,
)
from rollouts.cluster.port import Collection, Json, Resource, Target

KINDS = (ROLLOUTS, EXPERIMENTS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ANALYSIS_RUNS)
WATCHED = (ROLLOUTS, EXPERIMENTS)
INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"


@click.group(
    "create",
    cls=CobraGroup,
    invoke_without_command=True,
    examples="""
	# Create an experiment and watch it
	kubectl argo rollouts create -f my-experiment.yaml -w

	# Create an AnalysisRun from a template in the cluster
	kubectl argo rollouts create analysisrun --from success-rate
""",
)
@click.option("-f", "--filename", "files", multiple=True, help="A file with objects to create, - for what is piped in.")
@click.option("-w", "--watch", is_flag=True, help="Show the object as it goes, once it is created.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_context
def create(ctx: click.Context, files: tuple[str, ...], watch: bool, no_colour: bool) -> None:
    """Create Rollouts, Experiments, AnalysisTemplates, ClusterAnalysisTemplates or AnalysisRuns from files."""
    if ctx.invoked_subcommand:
        return
    if not files:
        refuse_arguments(ctx)
    if watch and len(files) > 1:
        raise CommandError("Cannot watch multiple resources")
    session: Session = ctx.obj
    planned = [(_resource(obj), obj) for path in files for obj in objects_of(path)]
    if watch and (len(planned) != 1 or planned[0][0] not in WATCHED):
        raise CommandError("Can only watch resources of type Rollout or Experiment")
    made = [_create(session, resource, obj) for resource, obj in planned]
    if watch:
        _watch(ctx, planned[0][0], made[0], no_colour)


def _watch(ctx: click.Context, resource: Resource, made: Json, no_colour: bool) -> None:
    from rollouts.cli import get

    command = get.rollout if resource == ROLLOUTS else get.experiment
    ctx.invoke(command, name=made["metadata"]["name"], watch=True, no_colour=no_colour, timeout_seconds=0)


def _resource(obj: Json) -> Resource:
    group, _, _ = obj["apiVersion"].rpartition("/")
    for resource in KINDS:
        if (resource.group, resource.kind) == (group, obj["kind"]):
            return resource
    raise CommandError(f"creates of {group}/{obj['kind']} unsupported")


def _create(session: Session, resource: Resource, obj: Json) -> Json:
    namespace = (obj["metadata"].get("namespace") or session.namespace) if resource.is_namespaced else None
    if session.flags.get("namespace") not in (None, "", namespace) and resource.is_namespaced:
        given = session.flags["namespace"]
        raise CommandError(f'the namespace of the object "{namespace}" does not match the namespace "{given}"')
    made = session.api.create(Collection(resource, namespace), obj)
    click.echo(f"{resource.kind.lower()}.{resource.group}/{made['metadata']['name']} created")
    return made


@create.command(
    "analysisrun",
    cls=CobraCommand,
    aliases=("ar",),
    examples="""
	# Create an AnalysisRun from a local AnalysisTemplate file
	kubectl argo rollouts create analysisrun --from-file my-analysis-template.yaml

	# Create an AnalysisRun from a AnalysisTemplate in the cluster
	kubectl argo rollouts create analysisrun --from my-analysis-template -a service=web

	# Create an AnalysisRun from a ClusterAnalysisTemplate in the cluster
	kubectl argo rollouts create analysisrun --global --from my-analysis-cluster-template
""",
)
@click.option("--from", "template", default="", help="The template in the cluster.")
@click.option("--from-file", default="", help="The file with the template.")
@click.option("--global", "is_global", is_flag=True, help="The template is a ClusterAnalysisTemplate.")
@click.option("--name", default="", help="The name of the run.")
@click.option(
    "--generate-name", default="", help="What the name of the run begins with (default: the template's name)."
)
@click.option("--instance-id", default="", help="The instance id of the controller that is to run it.")
@click.option("-a", "--argument", "pairs", multiple=True, help="An argument of the template, as NAME=VALUE.")
@click.pass_obj
def analysisrun(session: Session, /, pairs: tuple[str, ...], **given: Any) -> None:
    """Create an AnalysisRun from an AnalysisTemplate or a ClusterAnalysisTemplate."""
    if bool(given["template"]) == bool(given["from_file"]):
        raise CommandError("one of --from or --from-file must be specified")
    arguments = [_argument(pair) for pair in pairs]
    template = only_object_of(given["from_file"]) if given["from_file"] else _template(session, **given)
    metadata = _metadata(template, **given)
    spec = _spec(template, arguments)
    body = {"apiVersion": ANALYSIS_RUNS.api_version, "kind": ANALYSIS_RUNS.kind, "metadata": metadata, "spec": spec}
    made = session.api.create(session.collection(ANALYSIS_RUNS), body)
    click.echo(f"analysisrun.argoproj.io/{made['metadata']['name']} created")


def _argument(pair: str) -> Json:
    name, equals, value = pair.partition("=")
    if not equals:
        raise CommandError("arguments must be in the form NAME=VALUE")
    return {"name": name, "value": value}


def _template(session: Session, /, *, template: str, is_global: bool, **_: str) -> Json:
    if is_global:
        return session.api.get(Target(CLUSTER_ANALYSIS_TEMPLATES, template))
    return session.api.get(session.target(ANALYSIS_TEMPLATES, template))


def _metadata(template: Json, /, *, name: str, generate_name: str, instance_id: str, **_: Any) -> Json:
    prefix = generate_name or f"{template['metadata'].get('name', '')}-"
    if not name and prefix == "-":
        raise CommandError("name is invalid")
    metadata: Json = {"name": name} if name else {"generateName": prefix}
    return {**metadata, "labels": {INSTANCE: instance_id}} if instance_id else metadata


def _spec(template: Json, given: Sequence[Json]) -> Json:
    """The template's spec with its arguments filled in; the server would drop nested templates without a word."""
    spec = dict(template.get("spec") or {})
    if spec.pop("templates", None):
        raise CommandError(
            f"template {template['metadata'].get('name')!r} refers to other templates: create a run from each of them"
        )
    args = list(_merged(spec["args"], given)) if "args" in spec else list(given)
    return {**spec, "args": args} if args else {key: value for key, value in spec.items() if key != "args"}


def _merged(declared: Iterable[Json], given: Sequence[Json]) -> Iterable[Json]:
    values = {arg["name"]: arg for arg in given}
    for arg in declared:
        chosen = values.get(arg["name"], arg)
        if chosen.get("value") is None and not chosen.get("valueFrom"):
            raise CommandError(f"args.{arg['name']} was not resolved")
        yield chosen
