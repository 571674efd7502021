"""Maps: every dot lies where it should, lines are round degrees, a map is no ribbon."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.album.atlas import HIGH, WIDE, Spot, draw_map, frame

places = st.lists(
    st.tuples(st.floats(-89.9, 89.9), st.floats(-180, 180), st.integers(1, 10**6)),
    min_size=1,
    max_size=20,
)


def map_of(*given_places: tuple[float, float, int]):
    spots = [Spot(latitude=a, longitude=o, photos=p) for a, o, p in given_places]
    latitudes, longitudes = [s.latitude for s in spots], [s.longitude for s in spots]
    extent = frame(min(latitudes), min(longitudes), max(latitudes), max(longitudes))
    return extent, draw_map(extent, spots)


def test_the_world_by_hand():
    _, drawn = map_of((0, 0, 4), (51.5, -0.1, 1), (-33.9, 151.2, 1))
    assert (drawn.width, drawn.height) == (720, 360)
    assert (drawn.dots[0].x, drawn.dots[0].y, drawn.dots[0].photos) == (360, 180, 4)
    assert drawn.dots[2].x == pytest.approx((180 + 151.2) * 2)
    assert drawn.dots[2].y == pytest.approx((90 + 33.9) * 2)
    texts = [line.text for line in drawn.lines]
    assert texts == [
        *("", "120°W", "", "60°W", "", "0°", "", "60°E", "", "120°E", ""),
        *("60°S", "", "0°", "", "60°N"),
    ]


def test_one_place_is_a_map_of_some_kilometres():
    extent, drawn = map_of((48.8584, 2.2945, 3))
    assert 0.01 < extent.north - extent.south < 0.03
    assert drawn.dots[0].x == pytest.approx(drawn.width / 2)
    assert drawn.dots[0].y == pytest.approx(drawn.height / 2)
    # A minute of latitude is a nautical mile everywhere; one of longitude is shorter up here.
    degree_x = drawn.width / (extent.east - extent.west)
    degree_y = drawn.height / (extent.north - extent.south)
    assert degree_x / degree_y == pytest.approx(math.cos(math.radians(48.8584)), rel=1e-3)


@given(places)
def test_all_of_it_is_on_the_sheet(found):
    extent, drawn = map_of(*found)
    assert drawn.width <= WIDE + 1e-6
    assert drawn.height <= HIGH + 1e-6
    assert len(drawn.dots) == len(found)
    for dot in drawn.dots:
        assert -1e-6 <= dot.x <= drawn.width + 1e-6
        assert -1e-6 <= dot.y <= drawn.height + 1e-6
        assert 3 <= dot.radius <= 12
    assert 2 <= len(drawn.lines) <= 20
    assert extent.north <= 90
    assert extent.south >= -90
