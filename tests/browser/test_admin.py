"""An administrator's day, on a telephone and at a desk; axe finds nothing on any page of it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from models.vocabulary import Role
from tests.browser.axe import unfold, violations
from tests.browser.conftest import Site, examined

PAGES = (
    "/admin",
    "/admin/accounts",
    "/admin/rules",
    "/admin/topics",
    "/admin/models",
    "/admin/health",
    "/admin/calendar",
    "/admin/units",
    "/admin/webhooks",
    "/admin/exchanges",
    "/admin/persons",
    "/replies/all",
    "/audit",
    "/accounts/me",
    "/accounts/me/second-factor",
)
PASSWORD = "một buổi sáng ở chợ Bà Chiểu"


@pytest.mark.parametrize("width", [390, 1280])
def test_an_administrators_day(chromium: Browser, site: Site, width: int) -> None:  # noqa: PLR0915 - a day
    """Comes in, sets a second factor up, invites somebody, tries a rule, makes a token, reads the record, leaves, and
    comes in again with a code.
    """
    username = f"son{width}"
    with site.world.hotline.database.transaction() as session:
        new = NewAccount(username, "Anh Sơn", Role.ADMIN)
        accounts.set_password(accounts.create(session, site.world.hotline.now(), new), PASSWORD)
    context = chromium.new_context(base_url=site.url, viewport={"width": width, "height": 844}, locale="vi-VN")
    page = context.new_page()
    enter(page, username)
    page.goto("/accounts/me")
    page.click("text=Bật mã đăng nhập")
    secret = page.locator("details p.mono").text_content()
    assert secret is not None
    totp = pyotp.TOTP(secret.replace(" ", "").strip())
    used = totp.now()
    page.fill("#code", used)
    page.click("button.main")
    expect(page.locator("ol.codes li")).to_have_count(10)
    recovery = page.locator("ol.codes li").first.text_content()
    page.goto("/admin")
    page.click(".tiles >> text=Tài khoản")
    page.fill("#username", f"moi{width}")
    page.fill("#display_name", "Người Mới")
    page.select_option("#role", "auditor")
    page.click("text=Tạo liên kết mời")
    expect(page.locator(".notice.good")).to_contain_text("/accounts/invitation#")
    page.goto("/admin/rules?topic=street-lighting")
    page.fill("#text", "Đèn đường tắt cả tuần nay ở phường Bến Thành")
    page.click("text=Về đâu?")
    expect(page.locator(".notice.good")).to_contain_text("Hạ tầng kỹ thuật")
    page.goto("/admin/webhooks")
    page.fill("#name", "Cổng của thành phố")
    page.fill("#url", "https://nhan.vidu.vn/phieu")
    page.click("text=Thêm và lấy khóa ký")
    expect(page.locator(".notice.good")).to_contain_text(re.compile(r"whsec_[\w+/=]{44}"))
    page.click("text=Gửi một tin thử")
    expect(page.locator("table")).to_contain_text("Đang chờ gửi")
    page.goto("/admin/exchanges")
    page.fill("#name", f"Tổng đài {width}")
    page.click("text=Thêm và lấy khóa")
    expect(page.locator(".notice.good")).to_contain_text(re.compile(r"lnx_[\w-]{43}"))
    page.goto("/accounts/me")
    page.check("#scope-read")
    page.fill("#name", "Bảng số liệu")
    page.click("text=Tạo khóa >> nth=-1")
    expect(page.locator(".notice.good")).to_contain_text(re.compile(r"ln_[\w-]{43}"))
    page.goto("/audit")
    expect(page.locator("tbody tr").first).to_contain_text("Tạo khóa API")
    page.click("header button:has-text('Ra')")
    enter(page, username)
    expect(page.locator("h1")).to_have_text("Mã đăng nhập")
    page.fill("#code", used)
    page.click("button.main")
    expect(page.locator("#errors")).to_contain_text("Mã chưa đúng, hoặc đã dùng rồi")
    page.fill("#code", recovery or "")
    page.click("button.main")
    expect(page.locator("main")).to_contain_text("còn 9 mã dự phòng")
    context.close()


def test_axe_finds_nothing_on_an_administrators_pages(chromium: Browser, site: Site, language: str) -> None:
    found = {}
    with examined(chromium, site, language, "admin") as page:
        person = page.goto("/admin/accounts") and page.locator("td a").first.get_attribute("href")
        model = page.goto("/admin/models") and page.locator("td a").first.get_attribute("href")
        for address in (*PAGES, person or "", model or ""):
            page.goto(address)
            unfold(page)
            found[address] = violations(page)
        found |= {state: violations(page, state) for state in of_a_person(page)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def of_a_person(page: Page) -> Iterator[str]:
    """Bring the pages into each state of answering a person, and of a day that is tried."""
    page.goto("/admin/persons")
    page.fill("#phone", "12")
    page.click("main form button")
    page.wait_for_selector("#errors")
    yield "a number that is none"
    page.fill("#phone", "0901 234 567")
    page.click("main form button >> nth=0")
    page.wait_for_selector("table")
    yield "cases of a number"
    page.click("form[action$='/ask-erase'] button")
    page.wait_for_selector("#sure")
    yield "what would be erased"
    page.fill("#reason", "x")
    page.check("#sure")
    page.click("button.main")
    page.wait_for_selector("#errors")
    yield "a reason that is none"
    page.goto("/admin/calendar")
    page.fill("#day", (date.today() + timedelta(days=3 if date.today().weekday() < 2 else 7)).isoformat())  # noqa: DTZ011
    page.click("button[name=preview]")
    page.wait_for_selector("[role=status], #errors")
    yield "a day that is tried"


def enter(page: Page, username: str) -> None:
    page.goto("/accounts/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
