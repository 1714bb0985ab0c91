"""A model or a rule book that is not ours decides nothing: people do, and the reason is said."""

import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.pages.service import readiness
from classifier.artifact import CURRENT
from models.ticket import Ticket
from models.vocabulary import Status
from routing.city import PACKAGED
from tests.classifier.test_artifact import REFUSALS
from tests.faults.conftest import LOADING, Town, eventually


class _Leaves:
    """Something that leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.trace,)


@pytest.fixture
def models(models_dir: Path, tmp_path: Path) -> Path:
    """Return a models folder that a test may damage."""
    return shutil.copytree(models_dir, tmp_path / "own-models")


@pytest.fixture
def town(database_url: str, tmp_path: Path, models: Path) -> Iterator[Town]:
    """Return an installation with a models folder of its own."""
    made = Town(tmp_path, database_url, models)
    yield made
    made.close()


def test_a_bad_artifact_is_refused(town: Town, models: Path, tmp_path: Path) -> None:
    """Check 14. Injected: a model that is missing, cut, changed by a byte, of another scikit-learn, of other labels, a
    pickle, … comes into service. Expected: the worker refuses it naming the reason, and the last good one decides; a
    worker that has none hands every report to people, until a good one is there, were it under the same name. Reports
    are filed all the while; `/readyz` and `langnghe doctor` name the reason; no code from the file is run.

    Without `verify` the worker dies of the file or believes it; with the name alone to tell models apart it never looks
    at the mended one.
    """
    good = (models / CURRENT).read_text("utf-8").strip()
    trace = tmp_path / "code-was-run"

    def leave_a_trace(directory: Path) -> None:
        (directory / "model.skops").write_bytes(pickle.dumps(_Leaves(trace)))

    town.revive()
    eventually(town.answers, LOADING)
    assert _decided(town).events[-1].data["model_version"] == good
    for number, (damage, reason) in enumerate([*REFUSALS, (leave_a_trace, "pickle")]):
        bad = shutil.copytree(models / good, models / f"bad-{number}")
        damage(bad)
        (models / CURRENT).write_text(bad.name)
        assert _decided(town).events[-1].data["model_version"] == good
        named = next(check for check in readiness(town.hotline) if check.name == "model")
        assert not named.ok
        assert reason in named.detail
        assert f"the last good one stays: {named.detail}" in town.log.read_text("utf-8")
    assert town.worker.poll() is None

    town.kill(town.worker)
    town.revive()
    ticket = _decided(town)
    assert ticket.status is Status.NEEDS_REVIEW
    assert ticket.events[-1].data == {"reason": "no_model"}
    assert f"people decide: {named.detail}" in town.log.read_text("utf-8")
    assert town.spawn("doctor").wait(LOADING) == 1
    assert f"BAD  model: {named.detail}" in town.log.read_text("utf-8")

    shutil.rmtree(bad)
    shutil.copytree(models / good, bad)
    assert _decided(town).events[-1].data["model_version"] == good
    assert not trace.exists()
    town.assert_consistent()


def test_a_rule_book_that_cannot_be_meant_is_refused_at_start(tmp_path: Path, models_dir: Path) -> None:
    """Check 14. Injected: a city whose rules name an unknown topic, and one rule that no report can reach. Expected:
    nothing starts with it; each program, and `langnghe doctor`, names file and line of both.

    Without the look at the city before serving, the web process starts and fails where a coordinator decides.
    """
    city = shutil.copytree(PACKAGED, tmp_path / "city")
    rules = (city / "rules.yaml").read_text("utf-8").rstrip("\n").split("\n")
    because = "because: thử, because_en: a test"
    rules += [
        f"- {{id: mars, topics: potholes-on-mars, lead: tt_ql_gt_htkt, {because}}}",
        f"- {{id: too-late, topics: street-lighting, lead: tt_ql_gt_htkt, {because}}}",
    ]
    (city / "rules.yaml").write_text("\n".join(rules), "utf-8")
    town = Town(tmp_path, f"sqlite:///{tmp_path / 'langnghe.db'}", models_dir, LANGNGHE_CITY=str(city))
    try:
        ends = {name: town.spawn(name) for name in ("serve", "relay", "worker", "run", "doctor")}
        codes = {name: process.wait(LOADING) for name, process in ends.items()}
        assert codes == {"serve": 2, "relay": 2, "worker": 2, "run": 2, "doctor": 1}
        said = town.log.read_text("utf-8")
        assert said.count(f"rules.yaml:{len(rules) - 1}: topic 'potholes-on-mars' does not exist") == len(ends)
        assert said.count(f"rules.yaml:{len(rules)}: rule 'too-late' can never apply") == len(ends)
        assert "Traceback" not in said
    finally:
        town.close()


def _decided(town: Town) -> Ticket:
    """File a report and return its ticket once somebody or something has decided on it."""
    codes = town.file()
    eventually(lambda: town.triaged(codes), LOADING)
    return town.ticket(codes[0])
