# `make demo` and `make test` do everything on a machine with Python 3.11; the rest is for those who develop.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: setup demo test check docs docs-serve bench clean

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all,test]"
	touch $@

setup: $(VENV)/.ready  ## the environment that everything below uses

demo: setup  ## a real checkpoint through every framework and back; CHECKPOINT=directory or Hub id for another
	$(BIN)/python -m examples.demo $(CHECKPOINT)

test: setup check  ## all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: setup  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup  ## the documentation's site, in .site; `make docs-serve` shows it
	$(BIN)/zensical build --strict

docs-serve: setup
	$(BIN)/zensical serve

.venv-peer/.ready:
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/python -m pip install --quiet torch==2.13.0 transformers==5.23.0
	touch $@

bench: setup .venv-peer/.ready  ## the benchmarks; see benchmarks/README.md
	$(BIN)/python -m benchmarks.forward
	$(BIN)/python -m benchmarks.startup

clean:
	rm -rf $(VENV) .venv-peer .demo .site
