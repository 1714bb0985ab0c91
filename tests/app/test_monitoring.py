"""What Prometheus reads: figures that are true, none of any person, and files that it takes."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.hotline import Hotline
from app.web import create_app
from tests.app.conftest import Road
from tests.installation import Clock, Filed

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
TOKEN = "a-token-of-the-monitoring-system"


@pytest.fixture
def prometheus(hotline: Hotline) -> FlaskClient:
    """Return what asks with the token, of an installation that has one."""
    app = create_app(replace(hotline, settings=replace(hotline.settings, metrics_token=TOKEN)))
    browser = app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return browser


def test_without_the_token_there_is_no_such_page(client: FlaskClient, prometheus: FlaskClient) -> None:
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404
    assert prometheus.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert prometheus.get("/metrics").status_code == 200


def test_the_figures_are_true(prometheus: FlaskClient, road: Road, file: Callable[..., Filed], clock: Clock) -> None:
    road.answered()
    road.asked()
    road.in_review()
    road.accepted()
    clock.forward(days=2)
    file()
    clock.forward(seconds=90)
    figures = read(prometheus)
    assert figures["langnghe_reports_filed"] == 5
    assert figures['langnghe_tickets{status="answered"}'] == 1
    assert figures['langnghe_tickets{status="received"}'] == 1
    assert figures['langnghe_reports_last_day{place="waiting"}'] == 1
    assert figures['langnghe_reports_last_day{place="unit"}'] == 0
    assert (figures["langnghe_outbox_pending"], figures["langnghe_outbox_lag_seconds"]) == (1, 90)
    assert (figures["langnghe_database_up"], figures["langnghe_redis_up"]) == (1, 0)
    assert figures["langnghe_deadlines_missed"] == 0
    clock.forward(days=60)
    assert read(prometheus)["langnghe_deadlines_missed"] == 1  # for the one that waits for its citizen no clock runs


def test_no_citizens_word_is_among_the_figures(prometheus: FlaskClient, file: Callable[..., Filed]) -> None:
    file("Cá chuồn chuồn bay lượn trước cửa nhà tôi", contact_phone="0901234567", consent=True)
    said = prometheus.get("/metrics").get_data(as_text=True)
    assert "chuồn" not in said
    assert "901234567" not in said


def test_every_alert_asks_for_figures_that_exist_and_has_its_part_of_the_runbook(prometheus: FlaskClient) -> None:
    known = {name.partition("{")[0] for name in read(prometheus)} | ABSENT_HERE
    runbook = (MONITORING / "runbook.md").read_text("utf-8")
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert set(re.findall(r"langnghe_\w+", " ".join(asked))) <= known
    assert re.findall(r"(?m)^## (\w+)$", runbook) == [rule["alert"] for rule in rules]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not on this machine")
def test_prometheus_takes_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(MONITORING / "alerts.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


#: Figures that need a relay, Redis or a model, none of which these tests start.
ABSENT_HERE = {"langnghe_relay_beat_age_seconds", "langnghe_queue_jobs", "langnghe_model_info"}


def read(prometheus: FlaskClient) -> dict[str, float]:
    """Return every figure by its name and label."""
    text = prometheus.get("/metrics").get_data(as_text=True)
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found
