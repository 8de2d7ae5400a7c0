# Two commands do everything: `make demo` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VALIDATORS := .venv-validators

.PHONY: demo test test-slow check cover bench lock words docs clean system

demo: $(STAMP)
	@$(BIN)/faisceau demo

test: $(STAMP) system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

# Exports are judged by the validators of their formats, in an environment of their own.
test-slow: $(STAMP) $(VALIDATORS)/.installed system
	FAISCEAU_VALIDATORS=$(CURDIR)/$(VALIDATORS)/bin $(BIN)/pytest -n 2 -m slow

# The loop of one change: what is quick, in under a minute.
check: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" -x -q --no-header --deselect tests/e2e $(T)

# Following every line costs the tests half as much again: apart from `test`, so that it stays under ten minutes.
cover: $(STAMP) system
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

bench: $(STAMP)
	$(BIN)/python benchmarks/spine.py

# After a change of dependencies in pyproject.toml.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--extra spark --extra links --extra web --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		tests/validators/requirements.in -o tests/validators/requirements.lock

# After a change of texts: extracts them, and compiles the French catalogue.
words: $(STAMP)
	$(BIN)/python -m faisceau.words_catalogue

# After a change of commands, tables, readers or analyses: writes docs/reference anew.
docs: $(STAMP)
	$(BIN)/python docs/generate.py

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VALIDATORS)/.installed: tests/validators/requirements.lock
	@test -x $(VALIDATORS)/bin/python || $(PYTHON) -m venv $(VALIDATORS)
	@$(VALIDATORS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Tests look at the report's pages, which poppler draws, and drive the web application in Chromium.
system:
	@command -v pdftoppm >/dev/null && command -v chromium >/dev/null || \
		{ apt-get update -qq && apt-get install -y -qq poppler-utils chromium; }

clean:
	rm -rf $(VENV) $(VALIDATORS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* demo
