"""Operations a second of each endpoint, in process; the null application's are the harness's own."""

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from bench.inprocess import Bench, Build, Null, penstock
from bench.workloads import WORKLOADS

OPERATIONS = 100
BUILDS: dict[str, Build] = {"penstock": penstock, "null": Null}

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", WORKLOADS)
def test_operation(benchmark: BenchmarkFixture, name: str, build: str) -> None:
    """One round is a hundred operations, so that what a round costs by itself is lost in them."""
    workload = WORKLOADS[name]
    benchmark.group = name
    with Bench(BUILDS[build], uvloop.new_event_loop, workload.house) as bench:
        bench.run(workload, OPERATIONS)
        benchmark(bench.run, workload, OPERATIONS)
    if benchmark.stats is not None:
        best = benchmark.stats.stats.min
        benchmark.extra_info["operations_per_second"] = round(OPERATIONS / best)
        benchmark.extra_info["microseconds"] = round(best / OPERATIONS * 1e6, 2)
