"""The errors of the product, one tree.

RelaisError
├── DeliveryError            a message could not be sent
│   ├── RetryLaterError      the platform asks to wait
│   ├── UncertainError       no word whether it was sent (time-out, cut connection)
│   ├── ChatMovedError       the chat has another address now
│   └── RejectedError        it will never be sent
├── ContentError             a file of the workspace is wrong
├── ConfigurationError       a setting is missing or wrong
├── ConflictError            somebody else was quicker, or the moment has passed
└── NotFoundError            no such thing
"""

from collections.abc import Sequence


class RelaisError(Exception):
    """Root of the tree; `code` is stable and may be shown, `status` is the HTTP status it maps to."""

    code = "error"
    status = 500


class DeliveryError(RelaisError):
    """A message could not be sent."""

    code = "delivery"


class RetryLaterError(DeliveryError):
    """The platform refused for now and nothing was sent.

    Args:
        wait_s: seconds to wait (Retry-After), None when the platform does not say.
        reason: short technical reason.
    """

    code = "retry_later"

    def __init__(self, wait_s: float | None, reason: str = "") -> None:
        super().__init__(f"retry in {wait_s} s: {reason}" if wait_s else f"retry later: {reason}")
        self.wait_s = wait_s
        self.reason = reason


class UncertainError(DeliveryError):
    """The request left and no answer came back: it may have been sent."""

    code = "uncertain"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChatMovedError(DeliveryError):
    """The chat has a new address (Telegram: a group became a supergroup)."""

    code = "chat_moved"

    def __init__(self, new_chat: str) -> None:
        super().__init__(f"the chat is now {new_chat}")
        self.new_chat = new_chat


class RejectedError(DeliveryError):
    """The platform will never take this message (user blocked the bot, channel archived, bad token)."""

    code = "rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContentError(RelaisError):
    """A file of the workspace is wrong.

    Args:
        path: the file, relative to the workspace.
        line: 1-based, None when the whole file is meant.
        problem: what is wrong.
        remedy: what to do.
    """

    code = "content"
    status = 422

    def __init__(self, path: str, line: int | None, problem: str, remedy: str = "") -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}" + (f" {remedy}" if remedy else ""))
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy


class ContentErrors(RelaisError):
    """All that is wrong in a workspace, so that it is mended in one go."""

    code = "content"
    status = 422

    def __init__(self, errors: Sequence[ContentError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)


class ConfigurationError(RelaisError):
    """A setting is missing or wrong.

    Args:
        setting: its name as the person would write it, such as "RELAIS_SLACK__BOT_TOKEN".
        problem: what is wrong and what to do.
    """

    code = "configuration"

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem


class ConflictError(RelaisError):
    """The action no longer fits: somebody else holds the conversation, or it has moved on.

    Args:
        code: "already_claimed", "not_yours", "closed", "illegal_move".
        holder: name of the agent who has it, when one has.
    """

    status = 409

    def __init__(self, code: str, holder: str | None = None) -> None:
        super().__init__(code if holder is None else f"{code}: {holder}")
        self.code = code
        self.holder = holder


class NotFoundError(RelaisError):
    """No such conversation, article, agent."""

    code = "not_found"
    status = 404
