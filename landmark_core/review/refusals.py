"""What the review server answers instead of what was asked: a status, a kind, one clear line."""


class RefusedError(Exception):
    """A request that is not carried out; nothing has changed."""

    def __init__(self, status: int, kind: str, error: str) -> None:
        """Say why.

        Args:
            status: of HTTP.
            kind: one word that the page acts on.
            error: what was expected and what came.
        """
        super().__init__(error)
        self.status, self.kind, self.error = status, kind, error
