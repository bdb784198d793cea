# One image for the controller and the CLI: `docker run IMAGE controller`, `docker run IMAGE get rollout NAME`.

FROM python:3.13-slim-trixie AS build
WORKDIR /src
RUN python -m venv /opt/sluice
# Dependencies first: this layer is built again only when the lock files change.
COPY requirements.txt requirements-build.txt ./
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN /opt/sluice/bin/python -m pip install --no-compile --require-hashes -r requirements.txt && \
    python -m venv build && \
    build/bin/python -m pip install --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY crds ./crds
COPY examples ./examples
COPY analysis ./analysis
COPY rollouts ./rollouts
# Compiled once, here: the user below may not write, and a container starts without compiling.
RUN build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . && \
    /opt/sluice/bin/python -m pip install --no-compile --no-deps --no-index --find-links dist sluice-delivery && \
    /opt/sluice/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/sluice/lib

FROM python:3.13-slim-trixie
# The sync loop fetches with git, over ssh too.
# hadolint ignore=DL3008 # Debian keeps one version of a package; a pin would break the build at its next security fix
RUN apt-get update && apt-get install --yes --no-install-recommends git openssh-client && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/sluice /opt/sluice
ENV PATH=/opt/sluice/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 999:999
ENTRYPOINT ["sluice"]
CMD ["controller"]
