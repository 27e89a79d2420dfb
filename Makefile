# Each target works on a fresh machine that has Python >= 3.11, make and pip: it creates .venv, installs the pinned set and does the job.
#
#   make run TORCH_INDEX=https://download.pytorch.org/whl/cpu     takes torch from that index (without it Linux gets gigabytes of CUDA)
#   make test PYTHON=python3.12                                   creates .venv with that interpreter

PYTHON ?= python3
TORCH_INDEX ?=
JOBS ?= 2

BIN := .venv/bin
STAMP := .venv/.installed
OFFSCREEN := env -u DISPLAY -u WAYLAND_DISPLAY QT_QPA_PLATFORM=offscreen

.DEFAULT_GOAL := help
.PHONY: help run test lint bench clean system

help: ## this list
	@echo "Latent Explorer. Targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 - \2/p' Makefile
	@echo "Variables: PYTHON=$(PYTHON)  JOBS=$(JOBS) (test processes)  TORCH_INDEX=$(TORCH_INDEX) (another index for torch, e.g. https://download.pytorch.org/whl/cpu)"

run: $(STAMP) ## open the window
	@if [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY$$QT_QPA_PLATFORM" ]; then \
		echo "There is no display here; this draws the same window into a file: $(BIN)/latent-explorer screenshot --out window.png"; exit 2; fi
	@.ci/system-packages $(BIN)/python window
	@$(BIN)/latent-explorer

test: $(STAMP) ## run all tests, without a display and without network
	$(OFFSCREEN) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(STAMP) ## ruff (rules and format) and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(STAMP) ## measure speed
	$(BIN)/python -m tests.benchmarks

clean: ## remove .venv, caches and build results
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find latent_explorer tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Latent Explorer needs Python 3.11 or newer and $(PYTHON) is not; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@.ci/system-packages "$(PYTHON)" offscreen

$(BIN)/python: | system
	"$(PYTHON)" -m venv .venv

# torch first and alone, so that it comes from TORCH_INDEX and from nowhere else; what it needs follows with the rest.
$(STAMP): pyproject.toml constraints.txt .ci/hatch_build.py | system $(BIN)/python
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --disable-pip-version-check --no-deps --index-url "$(TORCH_INDEX)" --constraint constraints.txt torch)
	@echo "Installing the pinned set into .venv; the first time takes some minutes."
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
