"""`set image NAME CONTAINER=IMAGE`: a new version by its image, on the rollout or on the Deployment it refers to."""

import copy

import click

from rollouts.cli.arguments import CobraCommand, CobraGroup, refuse_arguments
from rollouts.cli.canaries.found import rollouts_name
from rollouts.cli.holder import as_applied, template_holder
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.errors import ConflictError
from rollouts.cluster.port import Json, Target

ATTEMPTS = 5
PARTS = ("initContainers", "containers", "ephemeralContainers")


@click.group(
    "set",
    cls=CobraGroup,
    use="COMMAND",
    examples="""
  # Set rollout image
  kubectl argo rollouts set image my-rollout demo=argoproj/rollouts-demo:yellow
""",
)
def set_() -> None:
    """Set a field of a rollout."""


@set_.command(
    "image",
    cls=CobraCommand,
    use="ROLLOUT_NAME CONTAINER=IMAGE",
    examples="""
  # Set rollout image (containers contains 'initContainer', 'container', 'ephemeralContainer')
  kubectl argo rollouts set image my-rollout containerName=imageName
  
  # Set rollout image for all containers
  kubectl argo rollouts set image my-rollout *=imageName
""",  # noqa: W293  # Argo's own page has these blanks
)
@click.argument("name")
@click.argument("pair")
@click.pass_context
def image(ctx: click.Context, name: str, pair: str) -> None:
    """Set the image of one container of a rollout, or with * of all."""
    container, equals, wanted = pair.partition("=")
    if not equals or "=" in wanted:
        refuse_arguments(ctx)
    session: Session = ctx.obj
    kind, holder = _set(session, rollouts_name(name, "set image"), container, wanted)
    click.echo(f'{kind} "{holder}" image updated')


def _set(session: Session, name: str, container: str, wanted: str) -> tuple[str, str]:
    """Write the whole object with the version that was read; somebody else's write meanwhile means: once more."""
    for attempt in range(1, ATTEMPTS + 1):
        target, held = template_holder(session, session.rollout(name))
        try:
            session.api.replace(target, _with_image(held, container, wanted))
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
            continue
        return _shown(target)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _shown(target: Target) -> tuple[str, str]:
    return target.resource.kind.lower(), target.name


def _with_image(held: Json, container: str, wanted: str) -> Json:
    changed = copy.deepcopy(held)
    spec = changed["spec"]["template"]["spec"]
    chosen = [found for part in PARTS for found in spec.get(part) or () if container in (found.get("name"), "*")]
    if not chosen:
        raise CommandError(f'unable to find container named "{container}"')
    for found in chosen:
        found["image"] = wanted
    as_applied(changed["spec"]["template"])
    changed["spec"].setdefault("strategy", {})
    return changed
