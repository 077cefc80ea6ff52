# Every target sets up what it needs; `make setup` is what they all begin with.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.locked
POLICY := .venv-policy
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: up test setup lint conformance bench lock clean policy-setup

up: $(STAMP)          ## the main job, end to end, on a sandbox of its own
	$(BIN)/martech demo

test: $(STAMP)        ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests

setup: $(STAMP)       ## virtual environment with locked dependencies

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pulumi-martech needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "Making a virtual environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing locked dependencies (about a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q provider # many short commands of tests may not write it
	@touch $(STAMP)

policy-setup: $(POLICY)/.locked  ## the environment that policy packs run in

$(POLICY)/.locked: requirements/policy.txt
	@test -x $(POLICY)/bin/python || $(PYTHON) -m venv $(POLICY)
	@echo "Installing what policy packs need into $(POLICY) ..."
	@$(POLICY)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/policy.txt
	@$(POLICY)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lint: $(STAMP)        ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

VECTORS ?= tests/engine_vectors
conformance: $(STAMP) ## replay recorded engine behaviour: make conformance VECTORS=<folder>
	$(BIN)/python tests/conformance/replay.py $(VECTORS)

bench: $(STAMP)       ## the figures of docs/performance.md
	$(BIN)/python tests/bench.py

lock:                 ## renew the lock files (needs uv)
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --all-extras --group dev --group build pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group policy --group build pyproject.toml -o requirements/policy.txt

clean:
	rm -rf $(VENV) $(POLICY) .martech
