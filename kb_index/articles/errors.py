"""The errors of the index, one tree.

KnowledgeError
├── ArticleError           a file of an article is wrong
└── IndexUnusableError     an index cannot be searched; build it again
"""


class KnowledgeError(Exception):
    """Root of the tree."""


class ArticleError(KnowledgeError):
    """A file of an article is wrong.

    Args:
        path: the file as it was named to the reader.
        line: 1-based.
        problem: what is wrong.
        remedy: what to do.
    """

    def __init__(self, path: str, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}: {problem} {remedy}")
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy


class IndexUnusableError(KnowledgeError):
    """An index is missing, damaged, or made by another model or version: it must be built again.

    Args:
        reason: what is wrong, one sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
