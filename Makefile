# `make run` and `make test` need no other setup: each creates .venv if it is missing or older than the files that define it, and
# installs what it needs.
# The first of these that is Python 3.11 or later; `make run PYTHON=python3.12` chooses another.
SUITABLE = for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done
PYTHON ?= $(shell $(SUITABLE))
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
AUTHOR := .venv-author
# Profile of the property tests: default runs a quarter of the examples that all runs.
EXAMPLES := default
# Most modules of pulumi_aws are never imported: compiling what is, when it is, spares most of the installation's time.
PIP_INSTALL := pip install --quiet --no-compile --disable-pip-version-check
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast test-all bench lint author-check clean

$(RUN_READY): pyproject.toml requirements.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo >&2 \
		"PYTHON is '$(PYTHON)'; Python 3.11 or later is needed. Install it, or name yours: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing about 120 packages (1.3 GB) into $(VENV); this happens once and takes 1 to 3 minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) --editable '.[local]'
	@touch $@

$(TEST_READY): $(RUN_READY)
	$(BIN)/$(PIP_INSTALL) --editable '.[local,test]'
	@touch $@

run: $(RUN_READY)  ## Deploy onto the emulator, run the pipeline, show the forecast
	@$(BIN)/python -m local_run demo

test: $(TEST_READY)  ## The suite; tests that need a Docker daemon or the Pulumi CLI are skipped without them
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --hypothesis-profile=$(EXAMPLES)

test-fast: $(TEST_READY)  ## The suite without whole local runs
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m 'not slow'

test-all: EXAMPLES := all
test-all: test  ## The suite with all examples of the property tests, as CI runs it

bench: $(TEST_READY)  ## Measure every performance claim next to its comparison; updates docs/performance.md
	$(BIN)/python -m bench.claims

lint: $(TEST_READY)  ## ruff, mypy --strict, the import rules
	$(BIN)/ruff check .
	$(BIN)/mypy __main__.py contracts settings.py stack_config.py components pipeline_def fe_image handlers runs local_run policies \
		deploy_service
	$(BIN)/lint-imports

$(AUTHOR)/.ready: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(AUTHOR)
	$(AUTHOR)/bin/$(PIP_INSTALL) '.[author,cli]'
	@touch $@

author-check: $(AUTHOR)/.ready  ## Regenerate the template with the SageMaker SDK and compare; execute the notebook
	$(AUTHOR)/bin/python -m pipeline_def author-check

clean:
	rm -rf $(VENV) $(AUTHOR) build out .pytest_cache .mypy_cache .ruff_cache .hypothesis
