"""axe-core finds nothing on any page, in both languages and both themes; every page holds a text without spaces."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site, log_in

AXE = Path(__file__).parents[2] / "app/static/vendor/axe.min.js"
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


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, site: Site, language: str, theme: Any) -> None:
    if site.world.hotline.settings.is_sqlite != (language == "vi"):
        pytest.skip("each language on one database is enough: pages do not know what is below them")
    context = chromium.new_context(
        base_url=site.url, viewport={"width": 390, "height": 844}, color_scheme=theme, locale="vi-VN", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"/ngon-ngu/{language}")
    found = {name: violations(page) for name in _public(page)}
    context.close()
    for person, home in STAFF.items():
        context = chromium.new_context(
            base_url=site.url, viewport={"width": 1280, "height": 800}, color_scheme=theme, bypass_csp=True
        )
        page = context.new_page()
        page.goto(f"/ngon-ngu/{language}")
        log_in(page, site, person)
        found |= {name: violations(page) for name in _staff(page, home)}
        context.close()
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
    page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
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
        page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        yield f"{home} ticket"


def violations(page: Page) -> list[str]:
    """Return what axe-core (WCAG 2.2 A and AA, and best practice) finds on the page as it stands."""
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"]]
