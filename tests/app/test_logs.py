"""What is logged: a line a request with its id, and only the fields that are allowed."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from app import logs
from tests.app.conftest import LIGHTS_OUT
from tests.pages import hidden


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """Return what is printed while the process logs as JSON; its own logging comes back afterwards."""
    root = logging.getLogger()
    stream = io.StringIO()
    before, root.handlers = root.handlers, [logging.StreamHandler(stream)]
    levels = {name: logging.getLogger(name).level for name in ("", *logs.CHATTY, logs.access.name)}
    logs.configure(as_json=True)
    yield stream
    root.handlers = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_request_is_a_line_with_its_id_and_nothing_of_the_citizen(client: FlaskClient, printed: io.StringIO) -> None:
    page = client.get("/").get_data(as_text=True)
    answer = client.post("/", data={"text": LIGHTS_OUT, "form_token": hidden(page, "form_token")})
    client.get("/khong-co?ai=0901234567")
    said = [json.loads(line) for line in printed.getvalue().splitlines()]
    of_requests = [line for line in said if line["logger"] == "app.request"]
    assert [(line["method"], line["endpoint"], line["status"]) for line in of_requests] == [
        ("GET", "intake.form", 200), ("POST", "intake.file_report", 201), ("GET", "none", 404),
    ]  # fmt: skip
    assert of_requests[1]["request_id"] == answer.headers["X-Request-Id"]
    assert all(line["ms"] >= 0 for line in of_requests)
    assert "0901234567" not in printed.getvalue()
    assert "Đèn" not in printed.getvalue()
    assert "\\u0110" not in printed.getvalue()


def test_a_field_that_is_not_allowed_is_dropped(printed: io.StringIO) -> None:
    logging.getLogger("app.some").warning("tried %s", "twice", extra={"phone": "0901234567", "status": 3})
    fail_and_log()
    tried, failed = (json.loads(line) for line in printed.getvalue().splitlines())
    assert (tried["message"], tried["status"]) == ("tried twice", 3)
    assert "phone" not in tried
    assert "ZeroDivisionError" in failed["trace"]


def fail_and_log() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("app.some").exception("failed")
