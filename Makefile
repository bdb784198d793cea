# Everything that is done to this project is done by one of these. `make help` lists them.
.POSIX:
.SUFFIXES:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Stamps: what a user needs (quick, for the demo), and what a developer needs on top.
USER := $(VENV)/.installed
DEVELOPER := $(VENV)/.developer

# A Python that is new enough; PYTHON=... chooses another.
IS_NEW := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c "$(IS_NEW)" >/dev/null 2>&1; then echo $$python; break; fi; done)

# REPORTS=folder leaves a JUnit report of each test run there; ARGS=... goes to pytest.
REPORT = $(if $(REPORTS),--junitxml=$(REPORTS)/$@.xml)
PYTEST := $(BIN)/python -m pytest
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 pyproject.toml

.PHONY: help .venv demo test check e2e dataplane bench soak docs cast lock clean

help: ## Say what can be made
	@sed -n 's/^\([a-z.0-9]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

.venv: $(DEVELOPER) ## Install the program and all tools into .venv

demo: $(USER) ## Watch a good version promoted and a bad one rolled back (KEEP=1 leaves it running, FLAVOUR=flagger: a Canary)
	@$(BIN)/sluice demo $(if $(FLAVOUR),--flavour $(FLAVOUR)) $(if $(KEEP),--keep)

test: $(DEVELOPER) ## Run all tests that need no control plane
	$(PYTEST) -n 2 --dist worksteal -m "not e2e" $(REPORT) $(ARGS)

check: $(DEVELOPER) ## Lint, types, layers, budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST) tests/shape $(REPORT)

e2e: $(DEVELOPER) ## Run the tests against a real control plane (builds one the first time)
	$(PYTEST) -m e2e $(REPORT) $(ARGS)

dataplane: $(DEVELOPER) ## Send requests through real gateways while versions come and go
	$(BIN)/python -m tests.e2e.dataplane $(ARGS)

bench: $(DEVELOPER) ## Measure start-up, memory, requests and CPU
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(DEVELOPER) ## Simulate many more seeds, try many more conditions, and fuzz them (FUZZ=seconds)
	SLUICE_SOAK=1 $(PYTEST) -n 2 tests/simulation tests/properties/test_expression.py $(ARGS)
	$(BIN)/python -m tests.fuzz $(or $(FUZZ),60)

docs: $(DEVELOPER) ## Write docs/cli.md anew from the commands
	$(BIN)/python -m tools.reference

cast: $(DEVELOPER) ## Record the demo anew into docs/demo.cast
	$(BIN)/python -m tools.cast

lock: $(DEVELOPER) ## Choose versions anew and write the lock files
	$(LOCK) --upgrade --group dev --output-file requirements-dev.txt >/dev/null
	$(LOCK) --constraints requirements-dev.txt --output-file requirements.txt >/dev/null
	$(subst pyproject.toml,,$(LOCK)) --group build --constraints requirements-dev.txt --output-file requirements-build.txt >/dev/null

clean: ## Remove what was installed and cached here
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(USER): requirements.txt requirements-build.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "sluice needs Python 3.11 or newer with the venv module; none is on PATH. Install it, or say PYTHON=/path/to/python3." >&2; exit 1; fi
	@command -v git >/dev/null || { echo "sluice needs git on PATH." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what sluice needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.txt -r requirements-build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPER): $(USER) requirements-dev.txt
	@echo "installing the developers' tools into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
