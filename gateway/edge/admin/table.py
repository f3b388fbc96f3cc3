"""Every operation of the admin API: the one list of which routes, checks and the document are made."""

from typing import Final

from gateway.edge.admin import audit, keys, ledger, limits, prices, principals, providers, routes, worker
from gateway.edge.admin.contract import Contract, Operation, contract_of

OPERATIONS: Final[tuple[Operation, ...]] = (
    *keys.OPERATIONS,
    *principals.OPERATIONS,
    *providers.OPERATIONS,
    *routes.OPERATIONS,
    *prices.OPERATIONS,
    *ledger.OPERATIONS,
    *limits.OPERATIONS,
    *audit.OPERATIONS,
    *worker.OPERATIONS,
)
CONTRACTS: Final[tuple[Contract, ...]] = tuple(contract_of(operation) for operation in OPERATIONS)
