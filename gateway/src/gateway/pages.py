"""Server-rendered pages: Jinja templates, one style sheet in the page, nothing from elsewhere."""

from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from tht_kit.clock import legal_date
from tht_kit.errors import Language
from tht_kit.problems import language_of

_FOLDER = Path(__file__).with_name("templates")
_HEADERS = {
    # The pages need no script, no frame and nothing from another address.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}


_WORDS = {
    "DRAFT": ("编制中", "Draft"),
    "NOTICE": ("公示中", "Public notice"),
    "VALIDATED": ("已审定", "Validated"),
    "REGISTERED": ("已登记", "Registered"),
    "RECALLED": ("已撤回", "Recalled"),
    "REJECTED": ("未通过", "Rejected"),
    "SUSPENDED": ("已暂停", "Suspended"),
    "DEREGISTERED": ("已注销登记", "Deregistered"),
    "PENDING": ("待批准", "Pending"),
    "ISSUED": ("已签发", "Issued"),
    "distributed_pv": ("分布式光伏", "Distributed solar"),
    "afforestation": ("造林", "Afforestation"),
    "citizen_travel": ("市民绿色出行", "Citizens’ green travel"),
    "ETS_COMPLIANCE": ("碳市场履约", "Compliance"),
    "EVENT_NEUTRAL": ("活动碳中和", "Neutral event"),
    "VOLUNTARY": ("自愿注销", "Voluntary"),
    "PERSONAL": ("个人碳中和", "Personal"),
}


def grouped(value: Any) -> str:
    """Return a whole number with thin spaces between its thousands, a dash for none."""
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else "—"


def tenths(value: Any) -> str:
    """Return tenths of a point as points."""
    return f"{grouped(value // 10)}.{value % 10}" if isinstance(value, int) else "—"


def kilograms(value: Any) -> str:
    """Return grams as whole kilograms, rounded down."""
    return grouped(value // 1000) if isinstance(value, int) else "—"


def day(value: Any) -> str:
    """Return the day of a date or, in Asia/Shanghai, of a moment."""
    if not isinstance(value, str):
        return "—"
    moment = "T" in value
    return legal_date(datetime.fromisoformat(value)).isoformat() if moment else value


def word(value: Any, lang: Language) -> str:
    """Return the reader's word for a code of the API, or the code itself."""
    zh, en = _WORDS.get(str(value), (value, value))
    return str((en if lang == "en" else zh) or "—")


_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["grouped"] = grouped
_environment.filters["tenths"] = tenths
_environment.filters |= {"kilograms": kilograms, "day": day, "word": word}
_environment.globals["style"] = (_FOLDER / "style.css").read_text("utf-8")


def language(request: Request) -> Language:
    """Return the page's language: the link's, else the browser's."""
    asked = request.query_params.get("lang")
    if asked in ("zh", "en"):
        return "en" if asked == "en" else "zh"
    return language_of(request.headers.get("accept-language", ""))


def text(template: str, lang: Language, **values: Any) -> str:
    """Render a template; `t(zh, en)` in it picks the words of the page's language."""

    def pick(zh: str, en: str) -> str:
        return en if lang == "en" else zh

    return _environment.get_template(template).render(lang=lang, t=pick, **values)


def page(content: str, lang: Language, *, status: int = 200, max_age_s: int = 0) -> HTMLResponse:
    """Return a rendered page as an answer."""
    cache = f"public, max-age={max_age_s}" if max_age_s else "no-cache"
    headers = {**_HEADERS, "Content-Language": lang, "Cache-Control": cache}
    return HTMLResponse(content, status, headers)
