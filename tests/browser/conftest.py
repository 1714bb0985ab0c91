"""A real Chromium against a served installation filled with the demonstration."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import demo
from app.bench import scratch
from app.bench.world import World
from tests.conftest import DEMONSTRATION

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
    """Return a served installation on each database, one a module: a copy of one that was filled once for all."""
    folder = tmp_path_factory.mktemp("site") / "data"
    if request.param == "sqlite":
        filled, passwords = _filled("sqlite", models_dir, lambda at: f"sqlite:///{at / 'langnghe.db'}")
        shutil.copytree(filled, folder)
        yield from _served(World(folder, f"sqlite:///{folder / 'langnghe.db'}"), passwords)
        return
    server = request.getfixturevalue("server_url")
    template = os.environ[DEMONSTRATION]
    filled, passwords = _filled("postgresql", models_dir, lambda _: template)
    shutil.copytree(filled, folder)
    with scratch.database(server, template.partition("?")[0].rpartition("/")[2]) as url:
        yield from _served(World(folder, url), passwords)


def _filled(kind: str, models_dir: Path, url_in: Callable[[Path], str]) -> tuple[Path, dict[str, str]]:
    """Return the folder of an installation filled with the demonstration, and its passwords; the first to ask fills it.

    Several test processes may ask at once; they wait for the one that fills.
    """
    folder = models_dir.parent / f"demonstration-{kind}"
    people = folder.with_suffix(".json")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not people.exists():
            folder.mkdir()
            world = World(folder, url_in(folder))
            world.prepare(models_dir)
            passwords = demo.passwords(demo.fill(world.hotline))
            world.close()
            people.write_text(json.dumps(passwords), "utf-8")
    return folder, json.loads(people.read_text("utf-8"))


def _served(world: World, passwords: dict[str, str]) -> Iterator[Site]:
    world.redis.start()  # people log in, and that is counted
    world.serve()
    yield Site(world, passwords)
    world.close()


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Return a phone of 390 px, nobody logged in; any error of a page's own script fails the test."""
    yield from _context(chromium, site, width=390, height=844)


@pytest.fixture
def desk(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Return a screen of 1280 px, nobody logged in."""
    yield from _context(chromium, site, width=1280, height=800)


@pytest.fixture(params=["phone", "desk"])
def screen(request: pytest.FixtureRequest, site: Site) -> BrowserContext:
    """Return a screen of 390 px, then one of 1280 px."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, BrowserContext)
    return found


def _context(chromium: Browser, site: Site, *, width: int, height: int) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=site.url, viewport={"width": width, "height": height}, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
    )
    broken: list[str] = []
    context.on("weberror", lambda error: broken.append(str(error.error)))
    yield context
    context.close()
    assert not broken


@pytest.fixture
def language(site: Site) -> str:
    """Return Vietnamese on one database, English on the other: pages do not know what is below them."""
    return "vi" if site.world.hotline.settings.is_sqlite else "en"


@contextmanager
def examined(chromium: Browser, site: Site, language: str, person: str | None = None) -> Iterator[Page]:
    """Yield a page in a language, of somebody of the demonstration or of nobody, that lets axe-core in."""
    context = chromium.new_context(
        base_url=site.url, viewport={"width": 1280, "height": 900}, locale="vi-VN", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"/ngon-ngu/{language}")
    if person is not None:
        log_in(page, site, person)
    yield page
    context.close()


def log_in(page: Page, site: Site, username: str) -> None:
    """Log a person of the demonstration in."""
    page.goto("/accounts/login")
    page.fill("#username", username)
    page.fill("#password", site.passwords[username])
    page.click("button.main")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
