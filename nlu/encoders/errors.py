"""What goes wrong with encoders."""


class EncoderError(Exception):
    """An encoder cannot be had.

    Args:
        model: the one asked for.
        reason: what is wrong and what to do.
    """

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"{model}: {reason}")
        self.model = model
        self.reason = reason


class NotExportedError(EncoderError):
    """A model must be exported (again) before it can serve."""
