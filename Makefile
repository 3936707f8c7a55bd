# Shortcuts; the README says what they do. PYTHON is the interpreter that makes the environment.
PYTHON ?= python3

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install -q -c constraints.txt -e '.[test]'
	touch $@

.PHONY: reproduce test slow mutants lint clean
reproduce: .venv/ready
	. .venv/bin/activate && dvc repro

test: .venv/ready
	. .venv/bin/activate && python -m pytest

slow: .venv/ready
	. .venv/bin/activate && python -m pytest -m slow

# The share of planted mistakes that the tests catch: make mutants ROOM=records SAMPLE=50 SEED=1 (tests/mutants/README.md)
SAMPLE ?= 50
SEED ?= 1
mutants: .venv/ready
	.venv/bin/pip install -q -c constraints.txt -e '.[dev]'
	. .venv/bin/activate && python tests/mutants $(ROOM) --sample $(SAMPLE) --seed $(SEED)

lint: .venv/ready
	.venv/bin/pip install -q -c constraints.txt -e '.[dev]'
	. .venv/bin/activate && ruff check . && ruff format --check . && mypy && lint-imports

clean:
	rm -rf runs data/prepared
