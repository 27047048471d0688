# make demo   the whole story, into runs/demo/     make test       every test but the slow ones
# make lint   ruff and mypy                        make test-slow  the slow ones
# make bench-decode   speed of decoding against other libraries, which go into .venv-bench
# make bench-evaluate   speed of evaluation against lmms-eval, which goes into .venv-bench-evaluate
# make bench-diagnose   what measuring gradients costs, against plain passes
# make bench-allocate   speed of the instruction allocator, against plain generation
# make lab-budgets   every allocator against the lab's truth, into docs/budgets.md
# All build .venv first. Another Python: make PYTHON=python3.12. Options of the demo: make demo ARGS=--fresh

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
BENCH := .venv-bench/.installed
LMMS_EVAL := .venv-bench-evaluate/.installed

.PHONY: demo test test-slow lint lab-budgets bench-decode bench-diagnose bench-allocate bench-evaluate

demo: $(INSTALLED)
	$(BIN)/framewise demo $(ARGS)

# Files go to as many processes as there are cores, with one thread each.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" -n auto --dist loadfile $(ARGS)

test-slow: $(INSTALLED)
	$(BIN)/pytest -m slow $(ARGS)

lab-budgets: $(INSTALLED)
	$(BIN)/python scripts/lab_budgets.py runs/lab-budgets $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The stamp comes last: without it .venv is what a killed installation left, and is made anew. torch is installed
# on its own, so that an index with builds for this machine's hardware can be asked for it alone.
$(INSTALLED): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "framewise needs Python 3.11 or later, and none is on the PATH:" \
		"install one, or name it with make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "framewise needs Python 3.11 or later, and \
	$(PYTHON) is " + sys.version.split()[0] + ": name another one with make PYTHON=python3.12")'
	test -e $@ || $(PYTHON) -m venv --clear .venv
	rm -f $@
	$(BIN)/python -m pip install --constraint constraints.txt torch
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	touch $@

bench-diagnose: $(INSTALLED)
	$(BIN)/python -m benchmarks.diagnose $(ARGS)

bench-allocate: $(INSTALLED)
	$(BIN)/python -m benchmarks.allocate $(ARGS)

bench-decode: $(BENCH)
	.venv-bench/bin/python -m benchmarks.decode $(ARGS)

bench-evaluate: $(LMMS_EVAL)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.evaluate $(ARGS)

# lmms-eval wants an older PyAV than ours, and its wandb an older protobuf. Where it does not install, the benchmark
# says so and has another opponent.
$(LMMS_EVAL): constraints.txt benchmarks/requirements-evaluate.txt | $(INSTALLED)
	test -e $@ || $(BIN)/python -m venv --clear .venv-bench-evaluate
	rm -f $@
	grep -v -e '^av==' -e '^protobuf==' constraints.txt > .venv-bench-evaluate/constraints.txt
	.venv-bench-evaluate/bin/python -m pip install --constraint .venv-bench-evaluate/constraints.txt torch
	.venv-bench-evaluate/bin/python -m pip install --constraint .venv-bench-evaluate/constraints.txt \
		--requirement benchmarks/requirements-evaluate.txt || echo "lmms-eval does not install" >&2
	touch $@

# A library that does not install on this Python is named here and again below the table.
$(BENCH): constraints.txt pyproject.toml benchmarks/requirements.txt | $(INSTALLED)
	test -e $@ || $(BIN)/python -m venv --clear .venv-bench
	rm -f $@
	.venv-bench/bin/python -m pip install --constraint constraints.txt torch
	.venv-bench/bin/python -m pip install --constraint constraints.txt --editable .
	while read -r peer; do .venv-bench/bin/python -m pip install --constraint constraints.txt "$$peer" \
		|| echo "$$peer does not install" >&2; done < benchmarks/requirements.txt
	touch $@
