"""List all objects below a place, page by page, and go on where a page could not be had.

A page comes whole or is asked for again, by the token that the page before it ended with: no key is
missed or comes twice, and nothing is listed from the start again. The next page is on its way while
one is looked through; no more than these two are held.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from fsspec.asyn import sync

from landmark_core.errors import RunError
from landmark_core.library.dialects import Entry, Page
from landmark_core.library.faults import hide_secrets
from landmark_core.library.persistence import Perseverance, StoreError, persist
from landmark_core.library.places import Place

PAGE = 1000  # keys in one answer; S3 gives no more
_PATIENCE = Perseverance(10)  # for one page: pauses of two minutes at most, one on average
_ANSWER_S = 60.0  # seconds for one page


def list_pages(place: Place, size: int = PAGE) -> Iterator[list[Entry]]:
    """Yield the objects below a place that has a dialect, in the order of the store.

    Args:
        place: a bucket or a folder in one.
        size: keys of a page.

    Raises:
        RunError: the listing broke off; what follows is unknown, so the run must not go on.
    """
    reader = ThreadPoolExecutor(1, thread_name_prefix="listing")
    try:
        coming = reader.submit(_ask_page, place, None, size)
        while True:
            page = coming.result()
            if page.token is not None:
                coming = reader.submit(_ask_page, place, page.token, size)
            yield page.entries
            if page.token is None:
                return
    finally:
        reader.shutdown(wait=False, cancel_futures=True)


def broken_off(place: Place, error: Exception) -> RunError:
    """Return the error of a listing that does not go on."""
    return RunError(f"the listing of {hide_secrets(place.url)} broke off: {error}")


def _ask_page(place: Place, token: str | None, size: int) -> Page:
    def ask(now: Place) -> Page:
        assert now.dialect is not None  # the caller's promise
        page: Page = sync(
            now.store.loop,
            *(now.dialect.list_page, now.store, now.path, token, size),
            timeout=_ANSWER_S,
        )
        return page

    try:
        page = persist(place.url, ask, _PATIENCE)
    except StoreError as error:
        raise broken_off(place, error) from error
    if page.token is not None and page.token == token:
        raise RunError(f"the listing of {hide_secrets(place.url)} goes in a circle")
    return page
