"""Which language a page speaks: what the reader chose, else what the browser asks for."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "relais_language"
_YEAR_S = 365 * 24 * 3600
_MAX_HEADER_CHARS = 1000


def preferred_language(request: Request, languages: Sequence[str]) -> str:
    """What the visitor chose here, else the browser's first language that we speak, else our first."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in languages:
        return chosen
    for language in accepted_languages(request):
        if language in languages:
            return language
    return languages[0]


def remember_language(response: Response, request: Request, language: str) -> None:
    """Remembers a choice, for all pages."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, language, max_age=_YEAR_S, path="/", secure=secure, httponly=True, samesite="lax"
    )


def accepted_languages(request: Request) -> list[str]:
    """Primary language tags of the Accept-Language header ("fr" of "fr-CA"), most wanted first."""
    header = request.headers.get("accept-language", "")[:_MAX_HEADER_CHARS]
    wanted = []
    for position, part in enumerate(header.split(",")):
        tag, _, parameter = part.strip().partition(";")
        name, _, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name == "q" else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0:
            wanted.append((-quality, position, tag.split("-")[0].lower()))
    return [language for _, _, language in sorted(wanted)]
