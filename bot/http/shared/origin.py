"""Whether a post comes from a page of ours."""

from urllib.parse import urlsplit

from starlette.requests import Request


def is_same_origin(request: Request) -> bool:
    """Whether a post was made by a page of ours.

    Browsers say so in Sec-Fetch-Site, older ones in Origin; a client that sends neither is no browser
    that another site could abuse, and the cookie's SameSite keeps it out anyway.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == request.headers.get("host", "")
    except ValueError:
        return False
