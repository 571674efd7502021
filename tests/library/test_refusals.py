"""Credentials that are refused: one photo's failure, many photos' end. Counted by hand."""

from datetime import UTC, datetime

import pytest

from landmark_core.errors import RunError
from landmark_core.library.identity import url_ref
from landmark_core.library.refusals import IN_A_ROW, RefusalWatch
from landmark_core.records import DecodedPhoto

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
REFUSED = "could not be fetched: credentials refused (ExpiredToken)"


def photo(error: str | None) -> DecodedPhoto:
    return DecodedPhoto(
        ref=url_ref("s3://photos/a.jpg", {}),
        status="ok" if error is None else "fetch_error",
        error=error,
        content_sha256=None,
        width=None,
        height=None,
    )


def test_a_run_ends_at_so_many_in_a_row_over_batches():
    watch = RefusalWatch()
    watch.look([photo(REFUSED)] * 20, NOW)
    with pytest.raises(RunError, match=r"s3://: credentials refused \(ExpiredToken\), for 32"):
        watch.look([photo(REFUSED)] * 12, NOW.replace(hour=4))
    with pytest.raises(RunError, match="in a row since 2026-11-24 03:30:00 UTC"):
        watch.look([photo(REFUSED)], NOW.replace(hour=5))


@pytest.mark.parametrize("other", [None, "could not be fetched: permission denied (AccessDenied)"])
def test_another_answer_in_between_begins_the_count_anew(other):
    watch = RefusalWatch()
    watch.look([photo(REFUSED)] * (IN_A_ROW - 1) + [photo(other)] + [photo(REFUSED)] * 31, NOW)


def test_after_another_answer_so_many_in_a_row_end_the_run_again():
    watch = RefusalWatch()
    begun = [photo(REFUSED)] * 5 + [photo(None)] + [photo(REFUSED)] * (IN_A_ROW - 1)
    watch.look(begun, NOW)
    with pytest.raises(RunError, match="for 32 photos in a row since 2026-11-24 03:30:00"):
        watch.look([photo(REFUSED)], NOW.replace(hour=4))
