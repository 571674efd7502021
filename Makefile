# `make demo` and `make test` do all set-up themselves; `make help` lists the rest.
# A CPU-only torch: see "Install" in README.md.

SYSTEM_PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
PYTHON := $(VENV)/bin/python
PIP_ARGS ?=
DEMO ?= demo
PEERS := $(VENV)-peers
BENCH ?=
FUZZ ?=
SOAK ?=
LOCKER := $(VENV)-lock
MUTANTS ?=

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help demo test test-orchestration test-long check format lint types guard fuzz fuzz-records faults soak mutants bench measure lock lock-hashes clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (a few minutes, once) ..."
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make SYSTEM_PYTHON=/path/to/python3.11"; exit 2; }
	@$(SYSTEM_PYTHON) -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Adding the test tools ..."
	@$(PYTHON) -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## draw a small photo library, tag it with the Prefect flow, say where to look
	@$(PYTHON) scripts/draw_library.py $(DEMO)/photos
	@PREFECT_LOGGING_LEVEL=WARNING $(PYTHON) -m flows.tag --source $(DEMO)/photos --out $(DEMO)/out
	@echo
	@echo "Look at"
	@echo "  $(DEMO)/photos      the photos (one is broken, one is no photo, some are odd)"
	@echo "  $(DEMO)/out/tags       a row for every photo: $(PYTHON) -c \"import pandas; print(pandas.read_parquet('$(DEMO)/out/tags'))\""
	@echo "  $(DEMO)/out/heatmaps   where the model looked, for the photos that it is unsure of"
	@echo "  $(VENV)/bin/landmarks status $(DEMO)/out"
	@echo "Now your own photos: $(VENV)/bin/landmarks tag ~/Pictures --out tagged"

test: $(VENV)/.installed-dev ## run the tests (under 5 minutes on two cores)
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not slow and not orchestration"

test-orchestration: $(VENV)/.installed-dev ## run the tests with real servers, workers and clusters
	@# They wait more than they compute, so there are more of them than cores.
	@$(PYTHON) -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "orchestration and not slow"

test-long: $(VENV)/.installed-dev ## run the kill and memory tests as well
	@$(PYTHON) -m pytest

check: $(VENV)/.installed-dev format lint types test ## what CI runs

format: $(VENV)/.installed-dev
	@$(PYTHON) -m ruff format --check .

lint: $(VENV)/.installed-dev
	@$(PYTHON) -m ruff check .

types: $(VENV)/.installed-dev
	@$(PYTHON) -m mypy

fuzz: $(VENV)/.installed-dev ## tag broken photos and count rows (FUZZ="--cases 200000": half an hour)
	@$(PYTHON) scripts/fuzz_photos.py $(FUZZ)

fuzz-records: $(VENV)/.installed-dev ## read broken run files, cards, model archives and tables (FUZZ="--seed 7")
	@$(PYTHON) scripts/fuzz_records.py $(FUZZ)

faults: $(VENV)/.installed-dev ## every fault at every call, every kill point (a quarter of an hour)
	@$(PYTHON) -m pytest -n 2 tests/faults

soak: $(VENV)/.installed-dev ## 200,000 photos, 1 % of them meet each fault (SOAK="--photos 20000": a tenth)
	@$(PYTHON) scripts/soak.py $(SOAK)

mutants: $(VENV)/.installed-dev ## change the pure modules and say what no test notices (half an hour; MUTANTS="--most 15": some minutes)
	@$(PYTHON) scripts/mutate.py $(MUTANTS)

guard: $(VENV)/.installed-dev ## fail if the lead over a plain script is gone (a minute or two)
	@$(PYTHON) benchmarks/guard.py

# The peers bring much that nothing here needs, and that torchmetrics would import where it finds it:
# an environment of their own, which reads all else from $(VENV).
$(PEERS)/.installed: $(VENV)/.installed-dev
	@echo "Adding the peers that are compared with (timm, transformers, Ray) to $(PEERS) ..."
	@$(PYTHON) -m venv $(PEERS)
	@$(PYTHON) -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
		> "$$($(PEERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/landmarks.pth"
	@$(PEERS)/bin/python -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e '.[bench]'
	@touch $@

bench: $(PEERS)/.installed ## compare with timm, transformers, Ray Data and a plain script (25 minutes; BENCH=--quick: 5)
	@$(PEERS)/bin/python benchmarks/bench.py $(BENCH)

measure: $(VENV)/.installed-dev ## measure all else; each file in benchmarks/ says what (an hour)
	@for file in $(filter-out %/__init__.py %/bench.py %/guard.py,$(wildcard benchmarks/*.py)); do \
		echo "== $$file"; $(PYTHON) $$file || exit 1; done

lock: $(PEERS)/.installed ## write the installed versions, the peers' too, to constraints.txt
	@{ head -n 2 constraints.txt; $(PEERS)/bin/python -m pip freeze --exclude-editable; } > constraints.new
	@mv constraints.new constraints.txt

lock-hashes: ## write the pinned versions with their hashes, as the index has them, to requirements.hashed.txt
	@$(SYSTEM_PYTHON) -m venv $(LOCKER)
	@$(LOCKER)/bin/python -m pip install --quiet $(PIP_ARGS) uv
	@{ echo "# The versions of constraints.txt with their hashes, for Linux on x86-64 and Python 3.11: docs/security.md."; \
		echo "# Made with \`make lock-hashes\`."; \
		$(LOCKER)/bin/uv pip compile --quiet --no-header --no-annotate --generate-hashes --no-emit-index-url \
			--python-version 3.11 --python-platform x86_64-manylinux_2_28 --constraint constraints.txt \
			--extra s3 --extra gs --extra az --extra dask pyproject.toml; } > requirements.new
	@mv requirements.new requirements.hashed.txt

clean: ## remove the environments, the demo and caches
	@rm -rf $(VENV) $(PEERS) $(LOCKER) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis
