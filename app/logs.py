"""What the processes say of themselves: for people at a terminal, or a JSON object a line for a log store.

A record carries its message, its request and the fields of `FIELDS`; whatever else somebody passes along is dropped,
so that no citizen's word gets into a log by an oversight.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, g, has_app_context, request
from pythonjsonlogger.json import JsonFormatter
from werkzeug.wrappers import Response

#: Fields that a record may carry beside its message.
FIELDS: Final = ("method", "endpoint", "status", "ms")
#: Libraries that say more than anybody wants to know.
CHATTY: Final = ("alembic", "httpx", "rq.worker")

access = logging.getLogger("app.request")


class _Allowed(JsonFormatter):
    """python-json-logger's, restricted to `FIELDS` and telling the request."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: Mapping[str, Any]) -> None:
        """Fill in one line."""
        log_data |= {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_app_context() and "request_id" in g:
            log_data["request_id"] = g.request_id
        log_data |= {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        if message_dict.get("exc_info"):
            log_data["trace"] = message_dict["exc_info"]


def configure(*, as_json: bool) -> None:
    """Set the process up; called once, by the command line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    access.setLevel(logging.INFO if as_json else logging.WARNING)
    if as_json:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(_Allowed())


def register(app: Flask) -> None:
    """Log each request as it is answered: which operation, not which address; nothing of who asked."""
    app.before_request(_begin)
    app.after_request(_answered)


def _begin() -> None:
    g.began = time.perf_counter()


def _answered(response: Response) -> Response:
    if access.isEnabledFor(logging.INFO):
        took = time.perf_counter() - g.get("began", time.perf_counter())
        fields = {
            "method": request.method,
            "endpoint": request.endpoint or "none",
            "status": response.status_code,
            "ms": round(took * 1000, 1),
        }
        access.info("answered", extra=fields)
    return response
