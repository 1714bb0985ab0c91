"""The OpenAPI 3.1 document, made from the routes themselves. apispec writes it, pydantic describes the shapes."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Final, TypeVar

from apispec import APISpec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.schema import ProblemDocument
from app.webhooks.message import ANSWERS, HEADERS, MESSAGES
from models.vocabulary import Scope

F = TypeVar("F", bound=Callable[..., Any])
_REF: Final = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Operation:
    """What the document says of one route, and what a token needs for it: there is no route without a `scope`.

    `scope` is what a bearer token must be made for; `OPEN` for what citizens do, without any. With `token_optional` a
    token of that scope may be sent; with `foreign_token` it is no person's, and the view looks at it. `keyed` takes an
    Idempotency-Key. With `may_be_gone` what was done may take the ticket out of the account's sight, and there is
    nothing to show. `photos` are the file fields of a body that may come as a form; `query` names what may stand behind
    the ?, each with what it is.
    """

    method: str
    path: str
    _: KW_ONLY
    scope: Scope | None
    token_optional: bool = False
    foreign_token: bool = False
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    photos: tuple[str, ...] = ()
    keyed: bool = False
    may_be_gone: bool = False
    query: tuple[tuple[str, str], ...] = ()
    summary: str = ""

    @property
    def staff(self) -> bool:
        """Whether nothing is answered without a token."""
        return self.scope is not None and not self.token_optional


#: The scope of what needs no token: citizens have none.
OPEN: Final = None
OPERATIONS: list[Operation] = []
_OF_VIEW: dict[str, Operation] = {}


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what is documented of a view, if anything is."""
    return _OF_VIEW.get(f"{view.__module__}.{view.__qualname__}")


def documented(operation: Operation) -> Callable[[F], F]:
    """Record a route for the document; its summary is the first line of the view's docstring."""

    def record(view: F) -> F:
        summary = (view.__doc__ or "").strip().partition("\n")[0]
        described = replace(operation, summary=summary)
        OPERATIONS.append(described)
        _OF_VIEW[f"{view.__module__}.{view.__qualname__}"] = described
        return view

    return record


def document(public_url: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI document for an installation."""
    spec = APISpec(
        title="Lắng Nghe",
        version=version,
        openapi_version="3.1.0",
        info={"description": "File a report, follow it, and work on it.", "license": {"name": "Apache-2.0"}},
        servers=[{"url": public_url}],
        webhooks={name: {"post": _told(shape)} for name, shape in MESSAGES.items()},
    )
    spec.components.security_scheme(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "description": f"A token of an account, made on its page for some of: {', '.join(Scope)}.",
        },
    )
    shapes: set[type[BaseModel]] = {shape for o in OPERATIONS for shape in (o.body, o.answer) if shape} | {
        ProblemDocument,
        *MESSAGES.values(),
    }
    _keys, definitions = models_json_schema(
        [(shape, "validation") for shape in sorted(shapes, key=lambda s: s.__name__)], ref_template=_REF
    )
    for name, schema in definitions["$defs"].items():
        spec.components.schema(name, schema)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    for path, operations in paths.items():
        spec.path(path, parameters=_path_parameters(path), operations=operations)
    return spec.to_dict()


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {str(operation.status): _answer(operation)} | _gone(operation) | _refusals(operation),
    }
    parameters: list[dict[str, Any]] = []
    if operation.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "16 to 255 printable ASCII characters, best a UUID. The same key and the same report "
                "get the same answer for a day, unless the installation says otherwise, however often they are sent.",
                "schema": {"type": "string", "minLength": 16, "maxLength": 255},
            }
        )
    parameters += [
        {"name": name, "in": "query", "required": False, "description": words, "schema": {"type": "string"}}
        for name, words in operation.query
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _bodies(operation.body, operation.photos)}
    if operation.scope is not None:
        described["security"] = [{"bearer": [operation.scope.value]}, *([{}] if operation.token_optional else [])]
    return described


def _told(shape: type[BaseModel]) -> dict[str, Any]:
    """Return what a receiver of webhooks has to know of a message."""
    body = {"application/json": {"schema": {"$ref": _REF.format(model=shape.__name__)}}}
    return {
        "summary": (shape.__doc__ or "").strip(),
        "description": "At least once and in no promised order: keep the ids that you have seen.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
            for name, words in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {status: {"description": words} for status, words in ANSWERS.items()},
        "security": [],
    }


def _bodies(body: type[BaseModel], photos: tuple[str, ...]) -> dict[str, Any]:
    reference = {"$ref": _REF.format(model=body.__name__)}
    content: dict[str, Any] = {"application/json": {"schema": reference}}
    if photos:
        files = {"type": "array", "maxItems": 5, "items": {"type": "string", "contentMediaType": "image/*"}}
        own = body.model_json_schema(ref_template=_REF)
        own.pop("$defs", None)
        own["properties"] = own["properties"] | dict.fromkeys(photos, files)
        content["multipart/form-data"] = {"schema": own}
    return content


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done"}
    schema = {"$ref": _REF.format(model=operation.answer.__name__)}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _gone(operation: Operation) -> dict[str, Any]:
    return {"204": {"description": "Done; the ticket is no longer yours to see"}} if operation.may_be_gone else {}


def _refusals(operation: Operation) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
    statuses = {*operation.refusals, 400, 503}
    statuses |= {401, 403} if operation.scope is not None else set()
    statuses |= {404} if operation.staff else set()
    return {str(status): {"description": _MEANING[status], "content": problem} for status in sorted(statuses)}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    if "{ticket_id}" not in path:
        return []
    return [{"name": "ticket_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]


_MEANING: Final = {
    400: "The request, or its Idempotency-Key, cannot be read",
    401: "A valid bearer token is needed",
    403: "The token was not made for this",
    404: "There is no such thing, or it is not yours",
    409: "Somebody was faster, or the status forbids the step",
    413: "Too much",
    415: "Wrong content type",
    422: "A field is wrong; each is listed",
    429: "Too many requests",
    503: "The database is away, or the model where it is asked; try again",
}
