# Each target makes the environment it needs. Variables that may be given on the command line:
#   PYTHON=python3.13    the interpreter for a new environment (default: python3, if it is 3.11 or later, else the newest)
#   VENV=.venv-3.13      where the environment stands (default: .venv)
#   ARGS="-k outbox -x"  further arguments for pytest or the benchmark

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
    $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq install

# An environment is as good as the files it was made from, so their checksum is part of the stamp's name. Time stamps
# would not do: a checkout of another branch changes files backwards in time.
checksum = $(shell cat pyproject.toml $(1) 2>/dev/null | cksum | cut -d ' ' -f 1)
RUN := $(VENV)/.run-$(call checksum,.requirements/run.txt .requirements/build.txt)
DEV := $(VENV)/.dev-$(call checksum,.requirements/dev.txt)
PEERS := $(VENV)-peers/.peers-$(call checksum,.requirements/peers.txt)

.PHONY: help demo test lint format docs crash fuzz bench requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(RUN) ## the tour: a receiver, five events, a failure that recovers, the log of attempts
	@$(BIN)/bellwire demo

test: $(DEV) ## every test but the benchmarks
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: $(DEV) ## style, types, architecture, changelog
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/towncrier build --draft >/dev/null

format: $(DEV) ## put the style right where that can be done by machine
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(DEV) ## the site, into .site/
	$(BIN)/zensical build --strict --clean --config-file .zensical.toml

crash: $(DEV) ## kill -9 at every step, 30 times on each database; writes docs/explanation/crashes.md (half an hour)
	BELLWIRE_CRASH_REPEATS=30 BELLWIRE_CRASH_PAGE=yes $(BIN)/python -m pytest -n 2 --dist load tests/crash $(ARGS)

fuzz: $(DEV) ## a million mutated answers against h11, a million requests with cancels (docs/explanation/transport.md)
	$(BIN)/python -m tests.fuzz.against_h11 --inputs 1000000
	$(BIN)/python -m tests.fuzz.soak --requests 1000000
	$(BIN)/python -m tests.fuzz.channel --inputs 200000

bench: $(DEV) $(PEERS) ## the benchmarks; give them a quiet machine
	$(BIN)/python -m tests.benchmarks --peers $(VENV)-peers/bin/python $(ARGS)

requirements: ## pin the newest versions that pyproject.toml allows, with their hashes
	@$(need_python)
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv; }
	$(compile) pyproject.toml --all-extras --group dev --output-file .requirements/dev.txt
	$(compile) pyproject.toml --constraints .requirements/dev.txt --output-file .requirements/run.txt
	$(compile) --group build --constraints .requirements/dev.txt --output-file .requirements/build.txt
	$(compile) --group peers --output-file .requirements/peers.txt

clean: ## remove what the targets made, the environments too
	rm -rf .venv .venv-* .site .bench .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

compile := .venv-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-annotate --custom-compile-command 'make requirements'

# What runs: Bellwire, editable, with its dependencies and no more.
$(RUN): | $(BIN)/python
	@echo "Installing Bellwire into $(VENV) ..."
	@$(PIP) --require-hashes -r .requirements/build.txt -r .requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-* && touch $@

# What develops: every extra and every tool, on top of it.
$(DEV): $(RUN)
	@echo "Installing the development tools into $(VENV) ..."
	@$(PIP) --require-hashes -r .requirements/dev.txt
	@rm -f $(VENV)/.dev-* && touch $@

# Whom the benchmark compares with: no Bellwire among them, and none of them with Bellwire.
$(PEERS):
	@$(need_python)
	@echo "Installing the benchmark's peers into $(VENV)-peers ..."
	@test -x $(VENV)-peers/bin/python || $(PYTHON) -m venv $(VENV)-peers
	@$(VENV)-peers/bin/python -m pip --disable-pip-version-check --no-input -qq install \
	    --require-hashes -r .requirements/peers.txt
	@rm -f $(VENV)-peers/.peers-* && touch $@

$(BIN)/python:
	@$(need_python)
	@$(PYTHON) -m venv $(VENV)

define need_python
test -n "$(PYTHON)" || { \
    echo "Bellwire needs Python 3.11 or later, with its venv module. Found: $$(python3 --version 2>&1 || true)." >&2; \
    echo "Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
    exit 1; }
endef
