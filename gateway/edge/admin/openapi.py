"""The OpenAPI document of the admin API, made of the contracts alone."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import inspect

from gateway import version
from gateway.edge.admin.contract import Contract
from gateway.edge.admin.refusal import WORDS, ErrorReply

PREFIX: Final = "/admin/v1"
_REFERENCE: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key of [admin], or one of an admin."},
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same."},
}


def document_of(contracts: Iterable[Contract]) -> dict[str, Any]:
    """The document, version 3.1.0, of these operations."""
    told = list(contracts)
    schemas = _Schemas(told)
    found: dict[str, dict[str, Any]] = {}
    for contract in told:
        path = found.setdefault(PREFIX + contract.operation.path, {})
        path[contract.operation.method.lower()] = _operation(contract, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "penstock admin API",
            "version": version(),
            "summary": "What is kept and configured, looked at and changed while the gateway runs.",
        },
        "security": [{name: []} for name in _SECURITY],
        "paths": found,
        "components": {
            "schemas": schemas.components,
            "responses": _refusals(told, schemas),
            "securitySchemes": _SECURITY,
        },
    }


class _Schemas:
    """The schema of every type that is sent or replied."""

    def __init__(self, contracts: list[Contract]) -> None:
        fields = {
            contract.operation.name: inspect.type_info(contract.query).fields  # type: ignore[attr-defined]
            for contract in contracts
            if contract.query
        }
        self.fields = fields
        kinds: list[Any] = [ErrorReply]
        for contract in contracts:
            kinds += [*contract.places.values(), contract.query, contract.body, contract.reply]
        kinds = [kind for kind in kinds if kind is not None]
        found, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
        self._of = {id(kind): schema for kind, schema in zip(kinds, found, strict=True)}
        self._kinds = kinds  # what ids stand for is kept as long as they are
        # A query is told parameter by parameter.
        queries = {contract.query.__name__ for contract in contracts if contract.query}
        self.parameters = {name: components[name] for name in queries}
        self.components = {name: told for name, told in components.items() if name not in queries}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type."""
        return self._of[id(kind)]


def _operation(contract: Contract, schemas: _Schemas) -> dict[str, Any]:
    operation = contract.operation
    summary, _, rest = contract.words.partition(". ")
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": summary.rstrip("."),
        "tags": [operation.path.split("/")[1]],
        "responses": _replies(contract, schemas),
    }
    if rest:
        told["description"] = rest.strip()
    if parameters := [*_places(contract, schemas), *_parameters(contract, schemas)]:
        told["parameters"] = parameters
    if contract.body:
        content = {_JSON: {"schema": schemas.of(contract.body)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _places(contract: Contract, schemas: _Schemas) -> Iterable[dict[str, Any]]:
    for name, kind in contract.places.items():
        yield {"name": name, "in": "path", "required": True, "schema": schemas.of(kind)}


def _parameters(contract: Contract, schemas: _Schemas) -> Iterable[dict[str, Any]]:
    if not contract.query:
        return
    told = schemas.parameters[contract.query.__name__]
    for name, schema in told["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in told["required"],
            "schema": schema,
            # A list is one parameter, its items with commas between them.
            **({"style": "form", "explode": False} if schema.get("type") == "array" else {}),
        }


def _replies(contract: Contract, schemas: _Schemas) -> dict[str, Any]:
    operation = contract.operation
    good: dict[str, Any] = {"description": "It is done."}
    if operation.status != 204:
        good["content"] = {_JSON: {"schema": schemas.of(contract.reply)}}
    told = {str(operation.status): good}
    for status in contract.statuses:
        told[str(status)] = {"$ref": f"#/components/responses/{WORDS[status][0]}"}
    return told


def _refusals(contracts: list[Contract], schemas: _Schemas) -> dict[str, Any]:
    """What each status says that is no success; all in one shape."""
    content = {_JSON: {"schema": schemas.of(ErrorReply)}}
    said = sorted({status for contract in contracts for status in contract.statuses})
    return {WORDS[status][0]: {"description": WORDS[status][1], "content": content} for status in said}
