# `make check` is the learner's command. It makes what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: check clean

check: $(VENV)/ready
	@$(BIN)/grader check || test $$? -eq 1

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Setting up $(VENV); the first time takes a minute or two."
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e .
	@touch $@

clean:
	rm -rf $(VENV) .grader

# begin: not in the learner's kit
# `make test` is the contributor's command. It repeats itself: luck is no reason for a change to be refused.
# `make coverage` runs the tests once more and tells what they reach; `make proof` draws new seeds each time.
SEED := 1
ROOMS := protocol tester worker judge course learner score author render cli

.PHONY: test coverage lint proof

test: $(VENV)/ready-dev lint
	@echo "1 of 2: the proof of every exercise (stubs, solutions, mistakes)"
	@$(BIN)/grader dev check --seed $(SEED)
	@echo "2 of 2: the tests of the kit itself"
	@$(BIN)/python -m pytest -q -n auto --dist worksteal

coverage: $(VENV)/ready-dev
	@$(BIN)/python -m pytest -q -n auto --dist worksteal --cov --cov-report=
	@echo "Lines and branches of grader/ that were reached without a process of their own (coverage report has the lines):"
	@for room in $(ROOMS); do \
		printf '%10s %3s %%\n' $$room $$($(BIN)/coverage report --format=total --include="grader/$$room/*"); \
	done
	@printf '%10s %3s %%\n' all $$($(BIN)/coverage report --format=total)

lint: $(VENV)/ready-dev
	@$(BIN)/ruff check grader tests solutions benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

proof: $(VENV)/ready-dev
	@echo "1 of 2: stubs, solutions and mistakes under fresh seeds"
	@$(BIN)/grader dev check
	@echo "2 of 2: every solution changed in one place at a time"
	@$(BIN)/grader dev mutate

$(VENV)/ready-dev: $(VENV)/ready
	@echo "Installing what the tests need."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@
# end
