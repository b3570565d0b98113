# make run and make test are all the set-up there is: each makes .venv when it is missing or older than what it is made from.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AUTHOR := .venv-author

.PHONY: run test test-fast lint author-check clean

$(READY): pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[local,test]'
	@touch $(READY)

run: $(READY)  ## Deploy onto the emulator, run the pipeline, show the forecast
	@$(BIN)/python -m local_run demo

test: $(READY)  ## The whole suite but for what needs a Docker daemon or the Pulumi CLI (skipped where absent)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-fast: $(READY)  ## Without the whole local runs
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m 'not slow'

lint: $(READY)  ## ruff, mypy --strict, the import rules
	$(BIN)/ruff check .
	$(BIN)/mypy __main__.py contracts settings.py components pipeline_def fe_image handlers runs local_run policies
	$(BIN)/lint-imports

$(AUTHOR)/.ready: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(AUTHOR)
	$(AUTHOR)/bin/pip install --quiet --no-compile --disable-pip-version-check '.[author,cli]'
	@touch $(AUTHOR)/.ready

author-check: $(AUTHOR)/.ready  ## Regenerate the template with the SageMaker SDK and compare; execute the notebook
	$(AUTHOR)/bin/python -m pipeline_def.author_check

clean:
	rm -rf $(VENV) $(AUTHOR) build out .pytest_cache .mypy_cache .ruff_cache .hypothesis
