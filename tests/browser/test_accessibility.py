"""axe-core finds nothing on any page, in both languages and both themes; every page holds a text without spaces."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import unfold, violations
from tests.browser.conftest import Site, examined

LONG = "Khôngcódấucáchnàotrongcâunày" * 12
PUBLIC = (
    "/",
    "/t",
    "/ban-do",
    "/rieng-tu",
    "/api/v1/",
    "/accounts/login",
    "/accounts/invitation",
    "/vo/vi/mat-mang",
    "/khong-co",
)
STAFF = {
    "call-taker": "/desk",
    "coordinator": "/review",
    "handler": "/work",
    "supervisor": "/returns",
    "admin": "/admin/accounts",
}


def test_axe_finds_nothing_on_a_citizens_pages(chromium: Browser, site: Site, language: str) -> None:
    with examined(chromium, site, language) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        found = {name: violations(page, name) for name in _public(page)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize(("person", "home"), STAFF.items())
def test_axe_finds_nothing_where_a_day_begins(
    chromium: Browser, site: Site, language: str, person: str, home: str
) -> None:
    with examined(chromium, site, language, person) as page:
        found = {name: violations(page) for name in _staff(page, home)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def _public(page: Page) -> Iterator[str]:
    """Visit each page of a citizen, also with errors and with a report on it."""
    for address in PUBLIC:
        page.goto(address)
        yield address
    page.goto("/")
    page.fill("#text", "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui")
    page.fill("#place_text", "đường Lê Lợi, phường Bến Thành")
    page.wait_for_selector("#guesses button")
    page.set_input_files("#photos", Path(__file__).parents[2] / "app/static/icon-192.png")
    page.wait_for_selector("#thumbs img")
    yield "form with suggestions"
    page.route("**/gui", lambda route: route.abort(), times=1)
    page.route("**/reports/nearby", lambda route: route.abort())
    page.click("button.main")
    page.wait_for_selector("#drafts section")
    yield "a draft that waits"
    page.click("[data-drop]")
    page.fill("#text", LONG)
    unfold(page)
    page.fill("#contact_phone", "12")
    page.click("button.main")
    page.wait_for_selector("#problems:focus")
    yield "form with errors"
    page.fill("#contact_phone", "")
    page.click("button.main")
    page.wait_for_selector("#code")
    yield "filed"
    page.click("main form button.main")
    page.wait_for_selector(".timeline")
    yield "tracking"


def _staff(page: Page, home: str) -> Iterator[str]:
    """Visit a person's home and the first ticket there, if it has any."""
    page.goto(home)
    yield home
    first = page.locator("td.words a").first
    if first.count():
        first.click()
        page.wait_for_selector(".report")
        unfold(page)
        yield f"{home} ticket"
