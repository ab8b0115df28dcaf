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

.venv-peer4/.ready:
	$(PYTHON) -m venv .venv-peer4
	.venv-peer4/bin/python -m pip install --quiet torch==2.13.0 transformers==4.52.4 tensorflow-cpu==2.19.1 tf-keras \
		flax==0.10.4 jax==0.4.38 jaxlib==0.4.38 scipy
	touch $@

.venv-peer-hub/.ready:
	$(PYTHON) -m venv .venv-peer-hub
	.venv-peer-hub/bin/python -m pip install --quiet keras-hub==0.32.0 keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 safetensors
	touch $@

.venv-peer-torchax/.ready:
	$(PYTHON) -m venv .venv-peer-torchax
	.venv-peer-torchax/bin/python -m pip install --quiet torch==2.13.0 transformers==5.23.0 torchax==0.0.13 jax==0.10.2
	touch $@

PEERS := .venv-peer/.ready .venv-peer4/.ready .venv-peer-hub/.ready .venv-peer-torchax/.ready

bench: setup $(PEERS)  ## the benchmarks, more than an hour on two cores; see benchmarks/README.md
	$(BIN)/python -m benchmarks.forward --peer transformers5=.venv-peer/bin/python --peer transformers4=.venv-peer4/bin/python \
		--peer keras_hub=.venv-peer-hub/bin/python --peer torchax=.venv-peer-torchax/bin/python
	$(BIN)/python -m benchmarks.depth
	$(BIN)/python -m benchmarks.startup

clean:
	rm -rf $(VENV) .venv-peer* .demo .site
