# Every target makes the environment that it needs, so `make demo` in a fresh clone is enough.
# Uses uv where it is installed, else venv and pip with the versions of uv.lock.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup app bundle screenshots demo evaluate test lint fix bench lock clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEER := $(VENV)/.ready-peer
UV := $(shell command -v uv)
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
PIP_INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-11s %s\n", $$1, $$2 }'

setup: $(READY) ## Make .venv with what running, testing and linting need

app: $(READY) ## Open the window
	$(BIN)/smolsight app

screenshots: $(READY) ## Take the pictures of docs/screenshots anew (on Linux under Xvfb)
	$(BIN)/python -m tools.screenshots

bundle: $(READY) ## Make Smolsight.app in a .dmg (on a Mac)
	$(BIN)/python -m tools.bundle

demo: $(READY) ## Describe the sample pictures, offline, with the embedded checkpoint
	HF_HUB_OFFLINE=1 $(BIN)/smolsight describe --model embedded assets/samples/*.png

evaluate: $(READY) ## Ask the embedded checkpoint about unseen scenes (needs ART, FONTS, PHOTOS: tools/embedded/README.md)
	$(BIN)/python -m tools.embedded.results.evaluate assets/embedded --art $(ART) --fonts $(FONTS) --photos $(PHOTOS) \
		--write docs/embedded.md --write assets/embedded/MODEL_CARD.md

test: $(READY) ## Run the tests, one on each core; those that measure time by themselves
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile -m 'not alone'
	$(BIN)/pytest -m alone

lint: $(READY) ## Check style, types and import contracts; change nothing
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary
	PYTHONPATH=. $(BIN)/lint-imports --no-cache --no-logo

fix: $(READY) ## Rewrite the code in the house style, and what the docs quote of it
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet
	$(BIN)/python -m tools.quotes

bench: $(PEER) ## Measure Smolsight beside mlx-vlm, same folder, same picture
	$(BIN)/python -m tools.bench

lock: ## Resolve uv.lock anew for macOS arm64 and Linux x86-64 (needs uv)
	MACOSX_DEPLOYMENT_TARGET=14.0 uv lock --upgrade

clean: ## Remove the environment and the tools' caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

ifneq ($(UV),)

$(READY): pyproject.toml uv.lock
	$(UV) sync --locked --quiet
	@touch $@

$(PEER): $(READY)
	$(UV) sync --locked --quiet --inexact --extra peer
	@touch $@

else

$(READY): pyproject.toml uv.lock
	@test -n '$(PYTHON)' || { echo 'Python 3.11 to 3.14 is needed; none was found on PATH.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --upgrade pip
	@$(BIN)/python tools/lock_constraints.py > $(VENV)/constraints.txt
	$(PIP_INSTALL) --constraint $(VENV)/constraints.txt --editable . --group dev
	@touch $@

$(PEER): $(READY)
	$(PIP_INSTALL) --constraint $(VENV)/constraints.txt --editable '.[peer]'
	@touch $@

endif
