"""The loop: what coordinators decide is kept, learned from, judged, and can be taken back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.hotline import Hotline
from app.learning import service
from app.review import service as review
from app.review.service import Choice
from app.work.service import Step
from classifier import artifact
from classifier.artifact import ArtifactRefused
from classifier.judge import TooFew
from models.vocabulary import SubmissionType
from models.workflow import AWAITS_COORDINATOR
from tests.installation import LIGHTS, Clock, Filed, Staff
from tests.small_corpus import write_small_corpus

#: Words that no corpus has, so that only decisions can teach what they mean.
SPARKLE = "cái đèn lung linh bập bùng nhấp nháy như đom đóm số {n} kìa bà con ơi"


def test_decisions_are_learned_from_without_numbers_and_without_denunciations(
    hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    plain = file("ờ cái này nói sao ta, gọi tui số 0901234567 nha")
    kept = file("ờ cái kia thì sao ta, ông đó đó bà con ơi")
    triage()
    decide(hotline, staff, plain, "noise")
    decide(hotline, staff, kept, "official-conduct")
    with hotline.database.transaction() as session:
        ticket = session.get_one(type(kept.ticket()), kept.ticket().id)
        ticket.submission_type = SubmissionType.DENUNCIATION
    with hotline.database.reading() as session:
        (row,) = service.decisions(session)
    assert (row.topic, row.text) == ("noise", "ờ cái này nói sao ta, gọi tui số số nha")


def test_with_few_decisions_nothing_is_trained(hotline: Hotline, models_dir: Path) -> None:
    shutil.copytree(models_dir, hotline.settings.models)
    with pytest.raises(TooFew, match="0 decisions"):
        service.retrain(hotline)


def test_a_retrained_model_is_judged_and_the_way_back_is_open(
    hotline: Hotline,
    staff: Staff,
    file: Callable[..., Filed],
    triage: Callable[[], None],
    models_dir: Path,
    tmp_path: Path,
) -> None:
    write_small_corpus(tmp_path / "corpus")
    shutil.copytree(models_dir, hotline.settings.models)
    before = artifact.current(hotline.settings.models)
    assert before is not None
    filed = [file(SPARKLE.format(n=n)) for n in range(service.LEAST_DECISIONS)]
    triage()
    for report in filed:
        decide(hotline, staff, report, "fire-rescue-safety")
    outcome = service.retrain(hotline, corpus_dir=tmp_path / "corpus")
    manifest = artifact.verify(hotline.settings.models / outcome.version)
    assert manifest["overrides"] == {"earlier": 16, "recent": 4, "recent_right": 4}
    assert manifest["corpus"].startswith(before.name)
    assert "recent decisions: right on 4 of 4, before 0" in outcome.verdict.reasons
    assert outcome.card.is_file()
    in_service = artifact.current(hotline.settings.models)
    assert in_service is not None
    assert in_service.name == (outcome.version if outcome.verdict.better else before.name)
    artifact.promote(hotline.settings.models, outcome.version)
    assert artifact.rollback(hotline.settings.models) == before.name


def test_without_an_earlier_model_there_is_no_way_back(models_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(models_dir, tmp_path / "models")
    with pytest.raises(ArtifactRefused, match="no other model"):
        artifact.rollback(tmp_path / "models")


def test_drift_shows_what_this_week_brought(
    hotline: Hotline, clock: Clock, file: Callable[..., Filed], triage: Callable[[], None], models_dir: Path
) -> None:
    shutil.copytree(models_dir, hotline.settings.models)
    file("Đèn đường tắt cả tuần nay, trụ đèn nghiêng")
    triage()
    clock.forward(days=10)
    for n in range(3):
        file(f"Xe buýt bỏ trạm, trễ chuyến, thái độ tài xế, lần {n}")
    triage()
    clock.forward(minutes=1)
    said: list[str] = []
    service.drift(hotline, said.append)
    assert said[1].split() == ["reports", "3", "1"]
    assert any(line.split()[:2] == ["public-transport", "+100.0%"] for line in said)


def decide(hotline: Hotline, staff: Staff, filed: Filed, topic: str) -> None:
    """Let the coordinator decide on a report, whatever the machine made of it."""
    ticket = filed.ticket()
    if ticket.status not in AWAITS_COORDINATOR:
        pytest.fail(f"the machine was sure of {ticket.topic_slug}")
    choice = Choice(topic, LIGHTS, None, "tests")
    review.route(hotline, staff.coordinator, Step(ticket.id, ticket.version), choice)
