# `make help` lists the targets. To use an environment of your own, activate it and call `dvc repro` yourself.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# uv needs no room for a second copy of what it installs, and half of pip's time
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirements
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := true

.PHONY: help environment remotes sweeps lean needs-git repro push page check why parameters experiments spread bench \
        test demo deps readme lint lock

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: $(READY) ## create .venv with the pinned packages

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ": call make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r .venv/uv.txt
	$(INSTALL) requirements.txt
	@touch $@

remotes: $(READY) ## install what DVC needs for remotes behind SSH and S3, and tests of them
	$(INSTALL) requirements-remotes.txt

sweeps: $(READY) ## install what sweeps over several machines need
	$(INSTALL) requirements-sweeps.txt

lean: $(READY) ## remove what only a GPU needs, 1.4 GB
	$(BIN)/uv pip uninstall --quiet --python $(BIN)/python triton nvidia-cusolver nvidia-cuda-cupti nvidia-cuda-cccl \
	  nvidia-nvtx nvidia-ml-py cuda-bindings

repro: needs-git $(READY) ## take what is there, in the remote too if there is one, and run all other stages, JOBS at a time
	@$(BIN)/python -m stages.commands repro $(JOBS)

needs-git:
	@test -e .git || { echo 'error: this is no git checkout: clone the repository with git, which DVC builds on' >&2; exit 1; }

push: $(READY) ## share the results, and those of earlier runs, through the DVC remote
	@$(BIN)/python -m stages.commands push

page: ## open the page of the last run in the browser
	@test -e data/page/index.html || { echo 'error: data/page/index.html is missing: make repro builds it' >&2; exit 1; }
	@test ! -L data/page/index.html || dvc unprotect data/page/index.html # a link leads to a name that tells no browser what it is
	@if command -v xdg-open > /dev/null; then xdg-open data/page/index.html; \
	elif command -v open > /dev/null; then open data/page/index.html; \
	else $(PYTHON) -m webbrowser "file://$(CURDIR)/data/page/index.html"; fi

check: $(READY) ## check params.yaml as a whole
	@$(BIN)/python -m stages check_params

why: $(READY) ## say which stages would run, and because of what
	@$(BIN)/python -m stages.commands why

parameters: $(READY) ## list each parameter with the stages that read it
	@$(BIN)/python -m stages.commands parameters

experiments: $(READY) ## show experiments side by side, and write a page of them
	@$(BIN)/python -m stages.commands experiments

spread: needs-git $(READY) ## run rows of the results over several seeds, as experiments (hours)
	@$(BIN)/python -m stages.commands spread

bench: $(READY) ## measure the speed of this machine and of the last run
	@$(BIN)/python -m stages.commands bench

test: lint ## run lint and all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

demo: $(READY) ## run the whole pipeline on small made-up data in .demo/, in minutes, JOBS stages at a time
	$(BIN)/python -m stages.commands demo .demo $(JOBS)

deps: $(READY) ## write the modules that stages import into dvc.yaml
	@$(BIN)/python -m stages.commands deps

readme: $(READY) ## fill the tables of README.md and metrics/README.md
	@$(BIN)/python -m stages.commands readme

lint: $(READY) ## check format and style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: $(READY) ## compile all files of requirements anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --output-file requirements.txt
	$(BIN)/uv pip compile --group remotes --constraint requirements.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --output-file requirements-remotes.txt
	$(BIN)/uv pip compile --group sweeps --constraint requirements.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --output-file requirements-sweeps.txt
