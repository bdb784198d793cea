"""PromQL over the embedded cluster's series: `query` and `query_range` in process, `routes` over HTTP.

Prometheus 2 is the reference, held to by tests/e2e/test_promql_differential.py; native histograms are not here.
"""

from rollouts.simulator.promql.api import routes
from rollouts.simulator.promql.engine import query, query_range
from rollouts.simulator.promql.errors import BadDataError, ExecutionError, QueryError

__all__ = ["BadDataError", "ExecutionError", "QueryError", "query", "query_range", "routes"]
