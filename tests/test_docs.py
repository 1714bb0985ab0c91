"""What the documents claim is there."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_page_of_checks_is_what_the_tests_say() -> None:
    checks = _script("checks")
    assert checks.PAGE.read_text("utf-8") == checks.page(), "run scripts/checks.py"


def test_the_table_of_places_is_what_is_measured() -> None:
    places = _script("places")
    assert places.PAGE.read_text("utf-8") == places.page(), "run scripts/places.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_setting_is_documented() -> None:
    source = (ROOT / "app/settings.py").read_text("utf-8")
    names = set(re.findall(r'"((?:LANGNGHE_)?[A-Z_]{4,})"', source)) - {"LANGNGHE_FAULT_DIR"}
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    assert not [name for name in sorted(names) if name not in page]


def test_every_test_that_a_page_names_is_there() -> None:
    for page in PAGES:
        for name in set(re.findall(r"`(tests/[\w/]+(?:\.py)?)(?:::\w+)?`", page.read_text("utf-8"))):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
