# The recipes people and CI run. Without just on the machine: `.ci/setup`, then `.venv/bin/just`.

set positional-arguments := true

python := ".venv/bin/python"

# List the recipes.
default:
    @{{ just_executable() }} --list

# Make .venv with the locked dependencies and this checkout in it.
setup:
    .ci/setup

# Run the tests; arguments go to pytest.
test *arguments:
    .ci/test "$@"

# Check style and formatting, changing nothing.
lint: setup
    {{ python }} -m ruff check .
    {{ python }} -m ruff format --check .

# Repair what ruff can repair, then format.
format: setup
    {{ python }} -m ruff check --fix .
    {{ python }} -m ruff format .

# Check the types.
types: setup
    {{ python }} -m mypy

# Fail when an operation allocates more than the baseline says.
gate: setup
    {{ python }} -m bench gate

# Measure operations in process.
bench *arguments: setup
    {{ python }} -m bench micro "$@"

# Measure over loopback, beside nginx (installs nginx and wrk from Debian when missing).
bench-wire *arguments: setup
    {{ python }} -m bench wire "$@"

# Write the generated parts of the pages in docs/ anew.
docs: setup
    {{ python }} -m docs.generate

# Run the four real agents over every upstream, and print the table; arguments name a client and a dialect.
agents *arguments: setup
    .ci/agents/install
    {{ python }} -m tests.agents.table "$@"

# Run the gateway of this checkout.
run *arguments: setup
    .venv/bin/penstock serve "$@"

# Build the wheel and try it, installed outside the checkout.
wheel: setup
    .ci/wheel

# Make the lock files anew, from the newest versions pyproject.toml allows.
lock: setup
    {{ python }} -m uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "just lock" --quiet \
        --output-file requirements.lock pyproject.toml
    {{ python }} -m uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "just lock" --quiet \
        --constraint requirements.lock --extra dev --output-file requirements-dev.lock pyproject.toml
    cd .ci/agents && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

# Everything CI runs.
ci:
    .ci/run
