"""A real Chromium against a served installation filled with the demonstration."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import demo
from app.bench import scratch
from app.bench.world import World

#: Set by `scripts/test`: where a Chromium is; empty for the one that Playwright has fetched itself.
CHROMIUM = "LANGNGHE_CHROMIUM"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """A served installation with a demonstration in it, and the passwords of its people."""

    world: World
    passwords: dict[str, str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.world.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here; without a browser they are left out only where somebody says so aloud."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if os.environ.get("LANGNGHE_NO_BROWSER") == "1":
                item.add_marker(pytest.mark.skip(reason="LANGNGHE_NO_BROWSER=1"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser, started once a process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get(CHROMIUM) or None, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Site]:
    """Return a served installation on each database, one a module."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        yield from _served(World(folder, f"sqlite:///{folder / 'langnghe.db'}"), models_dir)
    else:
        with scratch.database(request.getfixturevalue("server_url")) as url:
            yield from _served(World(folder, url), models_dir)


def _served(world: World, models_dir: Path) -> Iterator[Site]:
    world.prepare(models_dir)
    lines = [re.match(r" {4}(\S+) +(\S+)", line) for line in demo.fill(world.hotline)]
    world.redis.start()  # people log in, and that is counted
    world.serve()
    yield Site(world, {found[1]: found[2] for found in lines if found})
    world.close()


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Return a phone of 390 px, nobody logged in; any error of a page's own script fails the test."""
    yield from _context(chromium, site, width=390, height=844)


@pytest.fixture
def desk(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Return a screen of 1280 px, nobody logged in."""
    yield from _context(chromium, site, width=1280, height=800)


def _context(chromium: Browser, site: Site, *, width: int, height: int) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=site.url, viewport={"width": width, "height": height}, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
    )
    broken: list[str] = []
    context.on("weberror", lambda error: broken.append(str(error.error)))
    yield context
    context.close()
    assert not broken


def log_in(page: Page, site: Site, username: str) -> None:
    """Log a person of the demonstration in."""
    page.goto("/accounts/login")
    page.fill("#username", username)
    page.fill("#password", site.passwords[username])
    page.click("button.main")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
