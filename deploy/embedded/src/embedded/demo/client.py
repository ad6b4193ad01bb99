"""A small client of the public API: what any partner would write, tokens and retries included."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

RETRIES_MAX = 5
AWAIT_S, AWAIT_TRIES = 0.2, 100
TOO_MANY_REQUESTS, UNAVAILABLE, UNAUTHORIZED = 429, 503, 401


class Refused(Exception):
    """The platform answered with a problem document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.type = str(problem.get("type", "")).removeprefix("/problems/")
        places = "; ".join(f"{e['pointer']}: {e['detail']}" for e in problem.get("errors", [])[:5])
        detail = problem.get("detail", "")
        super().__init__(f"{status} {self.type}: {detail}" + (f" ({places})" if places else ""))


class Api:
    """Calls the gateway as any of the partners whose credentials it was given.

    Idempotency keys are made from `run` and the step's name, so a step sent again after a broken
    connection is the same operation.
    """

    def __init__(
        self, url: str, credentials: Mapping[str, str], *, run: str, language: str = "zh-CN"
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, timeout=60, headers={"Accept-Language": language}, follow_redirects=False
        )
        self._credentials = credentials
        self._tokens: dict[str, str] = {}
        self.run = run
        self.requests = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, *, partner: str | None = None, **params: Any) -> Any:
        return (await self._call("GET", path, partner=partner, params=params)).json()

    async def get_bytes(self, path: str) -> bytes:
        return (await self._call("GET", path, partner=None)).content

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        partner: str | None,
        key: str | None = None,
        params: dict[str, Any] | None = None,
        content: bytes | None = None,
        awaiting: str | None = None,
    ) -> Any:
        """POST and return the answer. `key` names the step; without it the path does.

        Services learn from each other by events, a moment later: a refusal of the type `awaiting`
        (such as aggregate-not-found) is tried again for a while, with the same key.
        """
        headers = {"Idempotency-Key": str(uuid5(NAMESPACE_URL, f"{self.run} {key or path}"))}
        if content is not None:
            headers["Content-Type"] = "text/csv; charset=utf-8"
        call = partial(
            self._call,
            "POST",
            path,
            partner=partner,
            params=params,
            json=body,
            content=content,
            headers=headers,
        )
        for _ in range(AWAIT_TRIES if awaiting else 0):
            try:
                return (await call()).json()
            except Refused as refusal:
                if refusal.type != awaiting:
                    raise
                await asyncio.sleep(AWAIT_S)
        return (await call()).json()

    async def put(self, path: str, body: Any, *, partner: str) -> Any:
        return (await self._call("PUT", path, partner=partner, json=body)).json()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        partner: str | None,
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> httpx.Response:
        for attempt in range(1, RETRIES_MAX + 1):
            sent = dict(headers or {})
            if partner is not None:
                sent["Authorization"] = f"Bearer {await self._token(partner)}"
            self.requests += 1
            answer = await self._http.request(method, path, headers=sent, **rest)
            if answer.status_code == UNAUTHORIZED and partner is not None and attempt == 1:
                self._tokens.pop(partner, None)
                continue
            if answer.status_code in (TOO_MANY_REQUESTS, UNAVAILABLE) and attempt < RETRIES_MAX:
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
                continue
            break
        if answer.is_error:
            raise Refused(answer.status_code, _problem_of(answer))
        return answer

    async def _token(self, partner: str) -> str:
        if partner not in self._tokens:
            answer = await self._http.post(
                "/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(partner, self._credentials[partner]),
            )
            if answer.is_error:
                raise Refused(answer.status_code, {"type": "token", "detail": answer.text})
            self._tokens[partner] = answer.json()["access_token"]
        return self._tokens[partner]


def _problem_of(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        return {"type": "not-json", "detail": answer.text[:200]}
    return problem
