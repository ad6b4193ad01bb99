"""The certificate as PDF/A-3b: the same bytes for the same certificate, the signed JSON inside.

Typst gets the text as data, never as source, so nothing a user wrote can become markup. A compiler
belongs to one thread; a small pool of threads keeps one each and leaves the event loop free.
"""

import asyncio
import importlib.util
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from trading_svc.certificates.glyphs import Glyphs

TEMPLATE = Path(__file__).parent / "templates" / "certificate.typ"
FONT_PACKAGE = "noto_cjk_sans_otc"
FONT_FILE = "NotoSansCJK-Regular.ttc"
PDF_STANDARD: Literal["a-3b"] = "a-3b"


@dataclass(frozen=True, slots=True)
class Printable:
    """All that a printed certificate is made of."""

    document: bytes  # canonical JSON, attached unchanged
    sha256: str
    kid: str
    qr_text: str
    labels: dict[str, Any]
    issued_at: datetime


class Renderer:
    """Renders in its own threads; close it with the process."""

    def __init__(self, *, threads: int) -> None:
        self._source = TEMPLATE.read_bytes()
        self._fonts = _font_folder()
        self._glyphs = Glyphs(Path(self._fonts) / FONT_FILE)
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="certificate")

    async def render(self, printable: Printable) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self.render_here, printable
        )

    def render_here(self, printable: Printable) -> bytes:
        """Render in the calling thread."""
        pdf = self._compiler().compile(
            self._source,
            format="pdf",
            sys_inputs={
                "document": printable.document.decode(),
                "sha256": printable.sha256,
                "kid": printable.kid,
                "qr": qr_svg(printable.qr_text),
                "shown": self._glyphs.printable(printable.document.decode()),
                "labels": self._glyphs.printable(json.dumps(printable.labels, ensure_ascii=False)),
            },
            pdf_standards=[PDF_STANDARD],
            timestamp=printable.issued_at.replace(microsecond=0),  # Typst takes whole seconds
        )
        assert isinstance(pdf, bytes), "one document gives one file"
        return pdf

    def _compiler(self) -> typst.Compiler:
        compiler: typst.Compiler | None = getattr(self._local, "compiler", None)
        if compiler is None:
            compiler = typst.Compiler(font_paths=[self._fonts], ignore_system_fonts=True)
            self._local.compiler = compiler
        return compiler

    def close(self) -> None:
        self._pool.shutdown()


def qr_svg(text: str) -> str:
    """Return the QR code of a text as SVG, without a quiet zone: the template leaves room."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    return str(code.svg_inline(border=0, dark="#16302b"))


def _font_folder() -> str:
    spec = importlib.util.find_spec(FONT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the fonts are missing: install the package noto-cjk-sans-otc")
    return str(spec.submodule_search_locations[0])
