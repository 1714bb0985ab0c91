"""A citizen with a phone: files, keeps the code, follows the report."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import Site

TEXT = "Đèn đường trước nhà tôi tắt ba đêm nay, tối thui"


def test_a_report_is_filed_and_followed(screen: BrowserContext) -> None:
    page = screen.new_page()
    page.goto("/")
    page.fill("#text", TEXT)
    page.fill("#place_text", "hẻm 285 Cách Mạng Tháng Tám, phường Hòa Hưng")
    page.click("button.main")
    code = page.inner_text("#code")
    for scheme in ("sms", "mailto"):
        assert code in (page.get_attribute(f"a[href^='{scheme}:']", "href") or "")
    page.click("text=Xem phản ánh này")
    expect(page.locator("h1")).to_have_text("Đã nhận, đang đọc")
    assert code not in page.url

    # the link that was handed out holds the code behind the #, where no server sees it
    page = screen.new_page()
    page.goto(f"/t#{code}")
    expect(page.locator("h1")).to_have_text("Đã nhận, đang đọc")
    assert code not in page.url


def test_a_place_on_the_page_and_a_stray_percent_are_no_codes(phone: BrowserContext) -> None:
    page = phone.new_page()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/t", wait_until="networkidle")
    page.focus("a.skip")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash === '#main'")
    page.goto("/t#100%", wait_until="networkidle")
    assert page.input_value("#code") == ""
    assert not posts


def test_what_was_typed_survives_a_closed_tab_until_it_is_sent(phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto("/")
    page.fill("#text", TEXT)
    page.close()
    page = phone.new_page()
    page.goto("/")
    assert page.input_value("#text") == TEXT
    page.click("button.main")
    page.wait_for_selector("#code")
    page.goto("/")
    assert page.input_value("#text") == ""


def test_errors_are_told_at_the_top_and_at_the_field_and_nothing_is_lost(phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto("/")
    page.fill("#text", TEXT)
    page.click("text=Liên hệ, nếu muốn")
    page.fill("#contact_phone", "12")
    page.click("button.main")
    expect(page.locator("#problems")).to_be_focused()
    page.click("#problems a >> nth=0")
    expect(page.locator("#contact_phone")).to_be_focused()
    expect(page.locator("#contact_phone")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("#text") == TEXT


def test_filing_and_following_work_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.fill("#text", TEXT)
    page.click("button.main")
    code = page.inner_text("#code")
    page.goto("/t")
    page.fill("#code", code.lower())
    page.click("button.main")
    expect(page.locator("h1")).to_have_text("Đã nhận, đang đọc")
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_of_a_citizen_scrolls_sideways(chromium: Browser, site: Site, width: int) -> None:
    context = chromium.new_context(base_url=site.url, viewport={"width": width, "height": 800})
    page = context.new_page()
    for address in ("/", "/t", "/rieng-tu", "/accounts/login", "/khong-co"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    context.close()
