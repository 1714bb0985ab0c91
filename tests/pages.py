"""Reading pages as a person does: forms with their hidden fields, words without tags."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def hidden(page: str, name: str) -> str:
    """Return the value of the first hidden field of this name; fail if the page has none."""
    found = re.search(rf'<input type="hidden"(?: id="[^"]*")? name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden field {name}"
    return unescape(found.group(1))


def words(page: str) -> str:
    """Return what a page says, without tags and with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def post_form(client: FlaskClient, page_url: str, action: str, **fields: Any) -> TestResponse:
    """Open a page, take the tokens its forms carry, and post to `action` with these fields."""
    page = client.get(page_url).get_data(as_text=True)
    data = {"csrf_token": hidden(page, "csrf_token")} if 'name="csrf_token"' in page else {}
    for token in ("form_token", "version"):
        if f'name="{token}"' in page and token not in fields:
            data[token] = hidden(page, token)
    return client.post(action, data=data | fields)
