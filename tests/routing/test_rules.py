"""The first rule that holds decides; what a machine must not decide goes to a person."""

from datetime import date

import pytest

from models.vocabulary import SubmissionType, Urgency, topics
from routing.city import City
from routing.rules import Decision, Facts, decide

HOA_HUNG, CON_DAO = "27163", "26732"
TODAY = date(2026, 11, 24)


def said(city: City, text: str, topic: str | None, **known: str | date | None) -> Decision:
    facts: dict[str, str | date | None] = {
        "ward": HOA_HUNG, "submission_type": "phan-anh", "urgency": "normal", "on_date": TODAY, **known,
    }  # fmt: skip
    return decide(city, Facts(topic=topic, text=text, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("topic", [*topics(), None, "a-topic-nobody-knows"])
@pytest.mark.parametrize("ward", [HOA_HUNG, None, "no-such-ward"])
@pytest.mark.parametrize("kind", list(SubmissionType))
def test_everything_leads_somewhere(hcmc: City, topic: str | None, ward: str | None, kind: str) -> None:
    for urgency in Urgency:
        decision = said(hcmc, "hẻm ngập, metro, sổ hồng", topic, ward=ward, submission_type=kind, urgency=urgency.value)
        assert decision.lead in hcmc.departments
        assert decision.lead not in decision.coordinating
        assert decision.because
        assert decision.because_en
        assert decision.tried[-1].matched
        assert [tried.rule_id for tried in decision.tried][-1] == decision.rule_id


@pytest.mark.parametrize(
    ("topic", "text", "lead"),
    [
        ("street-lighting", "Đèn đường Ba Tháng Hai tắt cả tuần", "tt_ql_gt_htkt"),
        ("street-lighting", "hẻm tối thui không có đèn", "ubnd-27163"),
        ("street-lighting", "hem toi thui ko co den", "ubnd-27163"),
        ("street-lighting", "Đèn trước hẻm 285 đường Ba Tháng Hai bị tắt", "tt_ql_gt_htkt"),
        ("street-lighting", "Đèn dân lập hư", "ubnd-27163"),
        ("road-surface-damage", "Đường nội bộ khu dân cư lồi lõm", "ubnd-27163"),
        ("road-surface-damage", "Ổ gà trên quốc lộ 13", "tt_ql_gt_htkt"),
        ("flooding", "Hẻm nhà tui ngập", "ubnd-27163"),
        ("flooding", "Ngập trong ngõ", "ubnd-27163"),
        ("flooding", "Đường Ngô Quyền ngập", "tt_ql_gt_htkt"),
        ("flooding", "duong ngo quyen ngap", "tt_ql_gt_htkt"),
        ("road-surface-damage", "Ổ gà trên đường Võ Văn Kiệt", "tt_ql_gt_htkt"),
        ("canal-waterway", "Rác đầy mương sau nhà", "ubnd-27163"),
        ("canal-waterway", "áo quần cũ đổ xuống kênh Tàu Hủ", "tt_ql_gt_htkt"),
        ("illegal-construction", "xây không phép", "ubnd-27163"),
        ("illegal-construction", "Công trình sai giấy phép do Sở Xây dựng cấp", "so_xay_dung"),
        ("illegal-construction", "Xưởng cơi nới trong khu công nghiệp Tân Bình", "hepza"),
        ("illegal-construction", "Nhà xưởng xây thêm trong Khu công nghệ cao", "bql_kcnc"),
        ("air-water-pollution", "Nhà máy ở KCN xả khói", "hepza"),
        ("labour-employment", "Công ty trong khu chế xuất nợ lương", "hepza"),
        ("labour-employment", "Công ty nợ lương", "so_noi_vu"),
        ("public-transport", "Metro số 1 không quét được vé", "hurc1"),
        ("public-transport", "Xe buýt số 8 bỏ trạm", "tt_ql_gtcc"),
        ("admin-procedure", "Làm căn cước hai tháng chưa có", "ca-27163"),
        ("admin-procedure", "Cổng dịch vụ công bị lỗi", "tt_cds"),
        ("admin-procedure", "Giấy khai sinh trễ hẹn", "tthcc-27163"),
        ("noise", "Karaoke", "ubnd-27163"),
        ("official-conduct", "Cán bộ phường hách dịch", "dieu_phoi_vien"),
        ("other-unclear", "alo", "dieu_phoi_vien"),
    ],
)
def test_who_acts(hcmc: City, topic: str, text: str, lead: str) -> None:
    assert said(hcmc, text, topic).lead == lead


def test_a_ward_unit_without_a_ward_goes_to_the_coordinator(hcmc: City) -> None:
    decision = said(hcmc, "karaoke ồn quá", "noise", ward=None)
    assert decision.lead == hcmc.coordinator
    assert decision.rule_id == "tieng-on"
    assert "chưa xác định được phường/xã" in decision.because


def test_a_helper_of_an_unknown_ward_is_left_out(hcmc: City) -> None:
    assert said(hcmc, "cây ngã trên đại lộ", "trees", ward=None).coordinating == ()
    assert said(hcmc, "cây ngã trên đại lộ", "trees").coordinating == ("ubnd-27163",)


@pytest.mark.parametrize("kind", ["to-cao", "khieu-nai", "rac"])
@pytest.mark.parametrize("topic", topics())
def test_what_the_law_keeps_from_machines_goes_to_a_person(hcmc: City, topic: str, kind: str) -> None:
    decision = said(hcmc, "ông chủ tịch phường nhận tiền trong hẻm", topic, submission_type=kind)
    assert decision.lead == hcmc.coordinator
    assert decision.coordinating == ()


@pytest.mark.parametrize("kind", list(SubmissionType))
def test_a_report_on_an_official_never_goes_to_the_official(hcmc: City, kind: str) -> None:
    decision = said(hcmc, "cán bộ phường đòi tiền", "official-conduct", submission_type=kind)
    assert {decision.lead, *decision.coordinating} <= {hcmc.coordinator, "tiep_cong_dan"}


def test_danger_does_not_wait_for_a_ward(hcmc: City) -> None:
    assert said(hcmc, "đang chém nhau", "public-order-crime", ward=None, urgency="emergency").lead == "catp"
    assert said(hcmc, "cứu với", "public-order-crime", ward=None, submission_type="khan-cap").lead == "catp"
    assert said(hcmc, "đá gà", "public-order-crime").lead == "ca-27163"


def test_con_dao_runs_its_own_infrastructure(hcmc: City) -> None:
    assert said(hcmc, "đèn đường tắt", "street-lighting", ward=CON_DAO).lead == "ubnd-26732"


def test_a_unit_that_does_not_exist_yet_is_replaced_by_its_parent(hcmc: City, song_xanh: City) -> None:
    assert said(hcmc, "đèn đường tắt", "street-lighting", on_date=date(2026, 1, 29)).lead == "so_xay_dung"
    assert said(hcmc, "đèn đường tắt", "street-lighting", on_date=date(2026, 1, 30)).lead == "tt_ql_gt_htkt"
    assert said(song_xanh, "đèn", "street-lighting", ward="1", on_date=date(2030, 6, 1)).lead == "toa-thi-chinh"
    assert said(song_xanh, "đèn", "street-lighting", ward="1", on_date=date(2031, 6, 1)).lead == "doi-den"


def test_rules_have_dates(hcmc: City) -> None:
    """The ward drains its alleys since 5 January 2026 (decision 31/2025)."""
    assert said(hcmc, "hẻm ngập", "flooding", on_date=date(2026, 1, 4)).lead == "so_xay_dung"
    assert said(hcmc, "hẻm ngập", "flooding", on_date=date(2026, 1, 5)).lead == "ubnd-27163"


def test_every_rule_tried_says_why_not(hcmc: City) -> None:
    tried = said(hcmc, "đèn đường tắt", "street-lighting").tried
    assert [(one.rule_id, one.why_not) for one in tried][-2:] == [("den-hem", "asset_owner=unknown"), ("den-duong", "")]


def test_masked_phrases_do_not_count(song_xanh: City) -> None:
    assert said(song_xanh, "đèn ở đầu hẻm", "street-lighting", ward="2", on_date=date(2031, 6, 1)).lead == "doi-den"
    assert said(song_xanh, "đầu hẻm và trong hẻm", "street-lighting", ward="2").lead == "uy-2"
