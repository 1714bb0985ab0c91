"""The soak itself, for a few seconds: everything at once, and processes killed at random."""

from pathlib import Path

import pytest

from app.bench import soak
from tests.installation import LIGHTS_OUT

SECONDS = 8.0
TEXTS = (LIGHTS_OUT, "Xe buýt bỏ trạm, tài xế xe buýt không dừng đón khách", "alo alo không rõ chuyện gì ở đây hết")


def test_a_soak_loses_nothing_and_doubles_nothing(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Injected: kill -9 of web, relay, workers, their children and Redis, once a second. Expected: all is kept."""
    monkeypatch.setattr(soak, "KILL_EVERY", (0.7, 1.3))
    said: list[str] = []
    outcome = soak.run(SECONDS, models_dir, TEXTS, said.append)
    assert outcome.clean, said
    assert outcome.filed
