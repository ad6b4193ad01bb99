"""Server-rendered pages: Jinja templates, one style sheet in the page, nothing from elsewhere."""

from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

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


def grouped(value: Any) -> str:
    """Return a whole number with thin spaces between its thousands, a dash for none."""
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else "—"


def tenths(value: Any) -> str:
    """Return tenths of a point as points."""
    return f"{grouped(value // 10)}.{value % 10}" if isinstance(value, int) else "—"


_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["grouped"] = grouped
_environment.filters["tenths"] = tenths
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
