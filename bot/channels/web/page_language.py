"""Which language a chat's page speaks."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.http.shared.language import COOKIE, preferred_language


@dataclass
class PageLanguage:
    """The language of a chat's page: the conversation's, unless the visitor chose another one since.

    Args:
        fallback: while there is no conversation.
        chosen: with the switch of the page, None when it was not used.
        instead_of: what the conversation spoke then; the choice holds as long as it still does.
    """

    fallback: str
    chosen: str | None = None
    instead_of: str | None = None

    def of(self, conversation_language: str | None) -> str:
        """What the page speaks now."""
        if conversation_language is None:
            return self.chosen or self.fallback
        if self.chosen == conversation_language:
            self.instead_of = None  # the conversation has followed: from now on it leads
        if self.chosen and self.instead_of == conversation_language:
            return self.chosen
        return conversation_language

    @classmethod
    def read(cls, request: Request, desk: str, languages: Sequence[str]) -> "PageLanguage":
        """From the desk's cookie, such as "en.fr": chosen English while the conversation was in French."""
        chosen, _, instead_of = request.cookies.get(_desk_cookie(desk), "").partition(".")
        known = chosen in languages
        return cls(
            fallback=preferred_language(request, languages),
            chosen=chosen if known else None,
            instead_of=instead_of if known and instead_of in languages else None,
        )

    def keep(self, response: Response, request: Request, desk: str) -> None:
        """Writes the desk's cookie."""
        if self.chosen is None:
            return
        value = f"{self.chosen}.{self.instead_of}" if self.instead_of else self.chosen
        secure = request.url.scheme == "https"
        response.set_cookie(
            _desk_cookie(desk), value, path=f"/chat/{desk}", secure=secure, httponly=True, samesite="lax"
        )


def _desk_cookie(desk: str) -> str:
    return f"{COOKIE}_{desk}"
