# The recipes people and CI run. Without just on the machine: `.ci/setup`, then `.venv/bin/just`.

set positional-arguments := true

python := ".venv/bin/python"
# What counts memory would count the tracer's, too.
untraced := "tests/adapters/test_taps.py::test_a_text_delta_takes_no_memory_at_all"

# List the recipes.
default:
    @{{ just_executable() }} --list

# Make .venv with the locked dependencies and this checkout in it.
setup:
    .ci/setup

# Run the tests; arguments go to pytest.
test *arguments:
    .ci/test "$@"

# Run the tests of adapters/, and fail when a line or a branch of it was not taken.
coverage *arguments: setup
    {{ python }} -m pytest -q {{ untraced }}
    {{ python }} -m coverage run -m pytest tests/adapters --deselect {{ untraced }} "$@"
    {{ python }} -m coverage report

# Look for what the readers of requests and replies stumble over, 100 times as long as the tests do.
fuzz *arguments: setup
    FUZZ_FACTOR=${FUZZ_FACTOR:-100} {{ python }} -m pytest tests/adapters/fuzz "$@"

# Write the goldens of the matrix anew; read what has changed before you keep it.
goldens: setup
    {{ python }} -m tests.adapters.matrix

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

# Measure every target, beside LiteLLM, Portkey and claude-code-router (into .cache/peers); --whole for all of it.
bench-peers *arguments: setup
    {{ python }} -m bench peers "$@"

# Hold many streams at once, some read slowly, and try two workers; --whole for up to 2 000 streams.
bench-scale *arguments: setup
    {{ python }} -m bench scale "$@"

# Load it with half of what it can do for --minutes (20 for the long form), and look at what is left.
bench-soak *arguments: setup
    {{ python }} -m bench soak "$@"

# Measure how the server under penstock is set, beside other ways to set it.
bench-settings *arguments: setup
    {{ python }} -m bench settings "$@"

# Run the workloads other gateways published figures for; --whole as long as they did.
bench-published *arguments: setup
    {{ python }} -m bench published "$@"

# Run the recipes of profiles/ whose evidence is kept there, anew (py-spy has to be installed).
profile: setup
    {{ python }} -m profiles

# Print what the newest run of each layer says; --write draws it and puts it into README.md and docs/.
bench-report *arguments: setup
    {{ python }} -m bench report "$@"

# Write the table of prices anew, from the data set that is installed.
prices: setup
    {{ python }} -m docs.prices

# Write the generated parts of the pages in docs/ anew.
docs: setup
    {{ python }} -m docs.generate

# Run the real agents over every upstream, and print the table; arguments name a client and a dialect.
agents *arguments: setup
    .ci/agents/install aider
    {{ python }} -m pytest -q tests/agents/test_aider.py
    {{ python }} -m tests.agents.table "$@"

# Break upstreams in every way there is, and check what comes of it from every side; arguments name kinds.
chaos *arguments: setup
    {{ python }} -m tests.chaos "$@"

# Kill a writer of the ledger at 500 rows a second, many times over, and look for what is missing.
kills *arguments: setup
    {{ python }} -m tests.store.kills "$@"

# Kill a gateway at 500 requests a second, many times over, and look for what its ledger lacks.
kills-gateway *arguments: setup
    {{ python }} -m tests.path.kills "$@"

# Ask the admin API whatever its document allows and forbids, longer than CI does; arguments go to schemathesis.
conformance *arguments: setup
    {{ python }} -m tests.path.conformance "$@"

# Take pictures of every page of the console in a real browser, into docs/console/.
pictures: setup
    .ci/browser/install
    {{ python }} -m tests.console.pictures

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
    {{ python }} -m uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "just lock" --quiet \
        --output-file bench/peers/litellm.lock bench/peers/litellm.in
    cd bench/peers && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
    {{ python }} -m uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "just lock" --quiet \
        --output-file .ci/agents/aider.lock .ci/agents/aider.in
    cd .ci/agents && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

# Everything CI runs.
ci:
    .ci/run
