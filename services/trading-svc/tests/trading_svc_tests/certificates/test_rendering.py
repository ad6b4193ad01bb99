import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from trading_svc.certificates.documents import (
    DOCUMENT_TYPE,
    Body,
    Document,
    EmissionPart,
    MeasurePart,
    Party,
    RetirementPart,
    SerialPart,
    Statement,
    Unit,
    canonical,
    sha256_hex,
)
from trading_svc.certificates.labels import label, labels_for, sentence
from trading_svc.certificates.rendering import Printable, Renderer

STEEL = Party(code="91500000MATHT0070M", name="渝钢集团有限责任公司")


def unit(**changes) -> Unit:
    fields = {
        "unit_type": "CQCER",
        "project_id": "0199a1b2-0000-7000-8000-000000000001",
        "project_no": 7,
        "project_name": "两江新区屋顶光伏（𠮷祥园区）",
        "project_type": "distributed_pv",
        "district_code": "500112",
        "is_local": True,
        "methodology_code": "CQCM-901-V001",
        "vintage": 2025,
        "quantity_t": 353,
        "serials": [
            SerialPart(
                start=1,
                end=353,
                quantity_t=353,
                serial="CQ-CQCER-01-0007-2025-01-000000001-000000353",
            )
        ],
    }
    return Unit(**fields | changes)


def statement(**changes) -> Statement:
    fields = {
        "subject_kind": "EVENT",
        "name": "2026 山城马拉松",
        "organiser": STEEL,
        "place": "重庆市南岸区",
        "starts_on": date(2026, 3, 1),
        "ends_on": date(2026, 3, 1),
        "participants": 30_000,
        "boundary": "举办阶段",
        "emissions": [
            EmissionPart(
                source="场馆外购电力",
                activity="120000",
                activity_unit="kWh",
                factor_kg_per_unit="0.5581",
                factor_year=2023,
                factor_source="重庆 2023",
                emissions_t="66.972",
            )
        ],
        "emissions_t": "352.4",
        "required_t": 353,
        "measures": [MeasurePart(name="接驳", effect="减少自驾")],
        "offset_method": "CQCER",
        "completed_on": date(2026, 6, 1),
        "due_on": date(2027, 3, 1),
        "conformity": "CONFORMING",
        "confirmation": "SELF_DECLARED",
        "declared_by": STEEL,
        "declared_on": date(2026, 6, 1),
    }
    return Statement(**fields | changes)


def document(**changes) -> Document:
    is_event = changes.get("statement") is not None
    fields = {
        "document_type": DOCUMENT_TYPE,
        "certificate_id": "CQ-R-2026-000001",
        "environment": "live",
        "issuing_authority": Body(name="重庆市生态环境局", name_en="The Bureau"),
        "registry": Body(name="登记簿", name_en="The registry"),
        "account_holder": STEEL,
        "beneficiary": STEEL,
        "retirement": RetirementPart(
            retirement_id="0199a1b2-0000-7000-8000-000000000006",
            reason="EVENT_NEUTRAL" if is_event else "ETS_COMPLIANCE",
            compliance_year=None if is_event else 2024,
            obligated_entity=None if is_event else STEEL,
            claim_id=None,
            note=None,
            retired_at=datetime(2026, 6, 1, 2, tzinfo=UTC),
        ),
        "quantity_t": 353,
        "units": [unit()],
        "statement": None,
        "irrevocable": True,
        "verify_url": "https://tanhuitong.example/v1/verify/CQ-R-2026-000001",
    }
    return Document(**fields | changes)


def printable(found: Document) -> Printable:
    content = canonical(found)
    return Printable(
        document=content,
        sha256=sha256_hex(content),
        kid="key-1",
        qr_text=f"{found.verify_url}#{'a' * 40}.{'b' * 200}.{'c' * 86}",
        labels=labels_for(found, label("碳汇通", "Tanhuitong")),
        issued_at=found.retirement.retired_at,
    )


@pytest.fixture(scope="module")
def renderer():
    made = Renderer(threads=2)
    yield made
    made.close()


def pdf_text(pdf: bytes, tmp_path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("reading a PDF back needs poppler-utils")
    file = tmp_path / "certificate.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_the_same_certificate_gives_the_same_bytes_in_every_thread_and_renderer(renderer):
    page = printable(document(statement=statement()))
    first = renderer.render_here(page)
    with ThreadPoolExecutor(3) as pool:
        others = list(pool.map(renderer.render_here, [page] * 6))
    other = Renderer(threads=1)
    assert {first, *others, other.render_here(page)} == {first}
    other.close()


async def test_rendering_leaves_the_event_loops_thread(renderer):
    seen = []
    original = renderer.render_here

    def spy(page):
        seen.append(threading.current_thread().name)
        return original(page)

    renderer.render_here = spy
    await renderer.render(printable(document()))
    renderer.render_here = original
    assert seen[0].startswith("certificate")


def test_it_is_a_pdf_a_3b_with_the_signed_json_attached(renderer):
    found = document()
    pdf = renderer.render_here(printable(found))
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert b"/AFRelationship/Source" in pdf
    assert b"CQ-R-2026-000001.json" in pdf


def test_the_attached_json_is_the_signed_one(renderer, tmp_path):
    if shutil.which("pdfdetach") is None:
        pytest.skip("reading an attachment back needs poppler-utils")
    found = document(units=[unit(project_name="😀 项目")])
    file = tmp_path / "certificate.pdf"
    file.write_bytes(renderer.render_here(printable(found)))
    out = tmp_path / "out.json"
    subprocess.run(
        ["pdfdetach", "-save", "1", "-o", str(out), str(file)], check=True, capture_output=True
    )
    assert out.read_bytes() == canonical(found)


def test_rare_characters_are_printed_and_unprintable_ones_shown_by_number(renderer, tmp_path):
    names = ("𠮷祥园区", "㐂屋", "表情😀", "ཁ藏文", '<b>#pdf.attach("x")</b> $x$ *y* \\n')
    units = [unit(project_name=name) for name in names]
    text = pdf_text(renderer.render_here(printable(document(units=units))), tmp_path)
    assert "𠮷祥园区" in text
    assert "㐂屋" in text
    assert "U+1F600" in text
    assert "U+0F41" in text
    # A name is data, never markup.
    assert '#pdf.attach("x")' in text.replace("\n", "")


@pytest.mark.parametrize("blocks", [1, 40, 400])
def test_long_lists_of_serials_run_over_pages(renderer, tmp_path, blocks):
    serials = [
        SerialPart(
            start=i * 10 + 1,
            end=i * 10 + 5,
            quantity_t=5,
            serial=f"CQ-CQCER-01-0007-2025-01-{i * 10 + 1:09d}-{i * 10 + 5:09d}",
        )
        for i in range(blocks)
    ]
    found = document(units=[unit(serials=serials, quantity_t=blocks * 5)])
    text = pdf_text(renderer.render_here(printable(found)), tmp_path)
    assert text.count("CQ-CQCER-01-0007-2025-01-") == blocks


def test_very_long_names_still_fit(renderer):
    long = Party(code="91500000MATHT0070M", name="超" * 200)
    found = document(
        account_holder=long, beneficiary=long, statement=statement(name="名" * 200, organiser=long)
    )
    assert renderer.render_here(printable(found)).startswith(b"%PDF")


def test_a_sandbox_certificate_says_that_it_is_not_valid(renderer, tmp_path):
    live = pdf_text(renderer.render_here(printable(document())), tmp_path)
    sandbox = pdf_text(renderer.render_here(printable(document(environment="sandbox"))), tmp_path)
    assert "SANDBOX" not in live
    assert "SANDBOX" in sandbox


def test_both_languages_stand_on_the_page(renderer, tmp_path):
    text = pdf_text(renderer.render_here(printable(document())), tmp_path)
    for words in (
        "减排量注销证明",
        "Certificate of Retirement",
        "2026 年 6 月 1 日",
        "1 June 2026",
    ):
        assert words.replace(" ", "") in text.replace(" ", "")


def test_the_sentence_names_beneficiary_and_purpose():
    other = Party(code="91500000MATHT0089C", name="巴山水泥有限公司")
    words = sentence(document(beneficiary=other))
    assert "为巴山水泥有限公司" in words["zh"]
    assert "2024年度" in words["zh"]
    assert "on behalf of 巴山水泥有限公司" in words["en"]
    assert "“2026 山城马拉松”" in sentence(document(statement=statement()))["zh"]


def test_canonical_json_is_sorted_without_spaces_and_in_utf8():
    content = canonical(document())
    assert content.startswith(b'{"account_holder":{"code":"91500000MATHT0070M","name":"')
    assert "渝钢".encode() in content
    assert b": " not in content.replace(b'": "', b"")


@pytest.mark.parametrize("missing", ["project_name", "methodology_code", "district_code"])
def test_a_certificate_with_an_empty_field_cannot_be_made(missing):
    with pytest.raises(ValueError, match=missing):
        unit(**{missing: ""})
