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


def code_shown(page: str) -> str:
    """Return the code that a page gives to who has just filed."""
    found = re.search(r'id="code" translate="no">(.*?)</p>', page, re.DOTALL)
    assert found, "no code is shown"
    return re.sub(r"<[^>]+>", "", found[1])


def words(page: str) -> str:
    """Return what a page says, without tags and with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def fields_in_error(page: str) -> dict[str, str]:
    """Return, by what the links of the errors lead to, the action of the form that it stands in.

    Fails if two things of the page have one id, or a link leads nowhere.
    """
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), sorted(i for i in set(ids) if ids.count(i) > 1)
    found = {}
    for target in re.findall(r'<li><a href="#([^"]+)"', page):
        before = page.partition(f'id="{target}"')
        assert before[1], f"a link to #{target} leads nowhere"
        found[target] = re.findall(r'<form method="post" action="([^"]*)"', before[0])[-1]
    return found


def post_form(client: FlaskClient, page_url: str, action: str, /, **fields: Any) -> TestResponse:
    """Open a page, take the tokens its forms carry, and post to `action` with these fields."""
    page = client.get(page_url).get_data(as_text=True)
    data = {"csrf_token": hidden(page, "csrf_token")} if 'name="csrf_token"' in page else {}
    for token in ("form_token", "version"):
        if f'name="{token}"' in page and token not in fields:
            data[token] = hidden(page, token)
    return client.post(action, data=data | fields)
