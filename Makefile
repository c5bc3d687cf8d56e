PYTHON ?= python3.11
BIN = .venv/bin
READY = .venv/.ready
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
export DENO_NO_UPDATE_CHECK = 1

.PHONY: setup run test unit check audit soak fix train browser

setup: $(READY)  ## everything into .venv

$(READY): requirements.txt pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,train]"
	touch $(READY)

run: setup  ## open the app with the bundled model
	$(BIN)/autofocus serve

test: check browser  ## every check: lint, unit, browser; two files at a time
	$(PYTEST)

unit: setup  ## the tests that start no process and no browser, in less than a minute
	$(PYTEST) -m "not slow and not browser"

check: setup  ## lint and format, JavaScript and CSS too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deno fmt --quiet --check
	$(BIN)/deno lint --quiet
	$(BIN)/lint-imports --no-logo

audit: setup  ## known holes in what is installed; asks the package index, so it needs the network
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --skip-editable

soak: setup  ## a server under load for a long time; the figures go into docs/reliability.md
	$(BIN)/python -m tests.soak

fix: setup  ## repair what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/deno fmt --quiet

browser: setup  ## a Chromium for the browser tests, where there is none
	$(BIN)/python tests/install_browser.py

train: setup  ## a tiny version of all training stages on synthetic photos
	$(BIN)/python -m autofocus.training demo
