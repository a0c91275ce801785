# Commands for people and for CI. Each makes .venv by itself when it is missing or out of date.
#
# Needs: bash, make, Python 3.11 or newer and a package registry that pip or uv can reach. The exact
# versions stand in requirements-dev.txt; .ci/venv says how the environment is made.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

BIN := .venv/bin
ENV := .venv/.made
export PYTHONUTF8 := 1
# The tests start hundreds of processes: each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test coverage check bench docs lock clean lint format types imports lockstep reference links changelog

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf 'make %-8s %s\n' "$$name" "$$text"; done

$(ENV): pyproject.toml uv.lock requirements-dev.txt .ci/venv
	@.ci/venv
	@touch $@

demo: $(ENV) ## walk through the whole chain, then look at the demo archive
	@.ci/demo

# Those that show what core/ does. Only while they run is it noted which lines do: noting doubles the time of a test.
CORE_TESTS := tests/unit/core tests/conformance tests/unit/test_verify_message.py tests/unit/app/test_watch.py \
  tests/unit/cli/test_explain.py tests/unit/cli/test_simulate.py tests/unit/console/test_learn.py
PYTEST := $(BIN)/pytest -q --dist loadfile --no-loadscope-reorder --numprocesses
# Many of the other tests wait for a process or for the clock: four share two cores.
WORKERS := $(shell cores=$$(nproc 2> /dev/null || echo 2); echo $$((2 * cores)))

ifdef ARGS
test: $(ENV)
	@$(BIN)/pytest -q $(ARGS)
else
test: $(ENV) ## run the tests; core/ must be covered to 100 % by branch (with ARGS=... those alone, without coverage)
	@$(PYTEST) auto $(CORE_TESTS) --cov=tocsin.core --cov-report=
	@$(BIN)/coverage report --include='src/tocsin/core/*' --fail-under=100
	@$(PYTEST) $(WORKERS) tests $(CORE_TESTS:%=--ignore=%)
endif

coverage: $(ENV) ## run the tests and say how much of everything they cover
	@$(PYTEST) auto --cov --cov-report=
	@$(BIN)/coverage report --format=total | sed 's/^/branch coverage of everything: /; s/$$/ %/'

check: lint format types imports lockstep reference changelog links ## everything that is checked without running the tests
	@echo 'check: ok'

lint: $(ENV)
	@$(BIN)/ruff check --quiet

format: $(ENV)
	@$(BIN)/ruff format --check --quiet --output-format concise || { echo 'format: run .venv/bin/ruff format'; exit 1; }

types: $(ENV)
	@$(BIN)/mypy --no-error-summary

imports: $(ENV)
	@$(BIN)/lint-imports --no-cache --no-logo > .venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }

lockstep: $(ENV)
	@$(BIN)/python scripts/check_lock.py

reference: $(ENV)
	@$(BIN)/python scripts/reference_pages.py --check
	@$(BIN)/python scripts/ready_packs.py --check

changelog: $(ENV)
	@$(BIN)/towncrier build --draft --version next > .venv/changelog.log 2>&1 || { cat .venv/changelog.log; exit 1; }

links: $(ENV)
	@$(BIN)/python scripts/check_links.py
	@$(BIN)/zensical build --strict --clean > .venv/site.log 2>&1 || { cat .venv/site.log; exit 1; }

docs: $(ENV) ## bring the reference pages up to date and build the documentation into site/
	@$(BIN)/python scripts/ready_packs.py
	@$(BIN)/python scripts/reference_pages.py
	@$(BIN)/zensical build --strict --clean > .venv/site.log 2>&1 || { cat .venv/site.log; exit 1; }
	@echo 'docs: open site/index.html'

bench: $(ENV) ## measure the speed of scanning; ARGS=FOLDER measures on your own archive
	@$(BIN)/python benchmarks/scan.py $(or $(ARGS),examples/demo-archive)

lock: ## choose new versions (needs uv): writes uv.lock and requirements-dev.txt
	@command -v uv > /dev/null || { echo 'make lock needs uv' >&2; exit 1; }
	@uv lock --quiet $(ARGS)
	@uv export --quiet --frozen --all-extras --all-groups --no-emit-project --no-header --no-annotate --output-file requirements-dev.txt
	@# pytest-cov asks for coverage[toml]; uv leaves extras out, and pip takes a pin for what was asked for by that name alone.
	@sed -i.old -E 's/^coverage==/coverage[toml]==/' requirements-dev.txt && rm requirements-dev.txt.old
	@uv run --quiet --no-project --python ">=3.11" python scripts/check_lock.py

clean: ## remove everything that the other targets made
	@rm -rf .venv site dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .cache .protocol-cases
