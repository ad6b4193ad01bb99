"""The platform's reference: the merged OpenAPI document, a page of it, and the error catalogue."""

import orjson
from fastapi import APIRouter, Request, Response

from gateway import pages
from gateway.reference import view
from gateway.reference.documents import Documents, Reference
from tht_kit.errors import NotFound

router = APIRouter(include_in_schema=False)


async def _reference(request: Request) -> Reference:
    documents: Documents = request.app.state.documents
    return await documents.get()


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    reference = await _reference(request)
    headers = {"Cache-Control": "public, max-age=30", "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(reference.openapi), 200, headers, "application/json")


@router.get("/docs")
async def docs(request: Request) -> Response:
    reference = await _reference(request)
    lang = pages.language(request)
    content = pages.text(
        "docs.html",
        lang,
        tags=view.by_tag(reference.openapi, lang),
        missing=reference.missing,
    )
    return pages.page(content, lang, max_age_s=30)


@router.get("/problems")
async def problems(request: Request) -> Response:
    reference = await _reference(request)
    lang = pages.language(request)
    found = sorted(reference.problems.values(), key=lambda one: (one["status"], one["type"]))
    return pages.page(pages.text("problems.html", lang, problems=found), lang, max_age_s=30)


@router.get("/problems/{problem_type}")
async def problem(problem_type: str, request: Request) -> Response:
    reference = await _reference(request)
    found = reference.problems.get(problem_type)
    if found is None:
        raise NotFound(path=request.url.path)
    lang = pages.language(request)
    found = {**found, **{part: _plain(found[part]) for part in ("title", "detail", "fix")}}
    example = {
        "type": f"/problems/{problem_type}",
        "title": found["title"][lang],
        "status": found["status"],
        "detail": found["detail"][lang],
        "fix": found["fix"][lang],
        "instance": "/v1/...",
        "trace_id": "0199a1b2-0000-7000-8000-0000000000ff",
    }
    shown = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
    content = pages.text("problem.html", lang, problem=found, example=shown)
    return pages.page(content, lang, max_age_s=30)


def _plain(text: dict[str, str]) -> dict[str, str]:
    """Return a template's words as they read without a case at hand."""
    if text["en"] == "{reason}":
        return {"zh": "具体原因随每次应答给出。", "en": "Each answer gives the reason of its case."}
    return {lang: words.replace("{{", "{").replace("}}", "}") for lang, words in text.items()}
