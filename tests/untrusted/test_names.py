"""Names of files that are written come from ids alone, never from what a photo or a table says."""

import pytest
from fuzzing.out import write_out

from landmark_core.library.identity import local_ref, photo_id_of
from landmark_core.tables import Store, heatmap_path


@pytest.mark.parametrize("name", ["../../x.jpg", "a\nb.jpg", "\u202egpj.exe", "run=x/part.parquet"])
def test_a_heatmap_is_named_by_its_photo_id(name):
    ref = local_ref(f"/photos/{name}", None)
    assert heatmap_path("r", ref.photo_id) == f"heatmaps/run=r/{photo_id_of(ref.location)}.jpg"
    assert len(ref.photo_id) == 32
    assert set(ref.photo_id) <= set("0123456789abcdef")


def test_no_file_of_out_is_named_by_a_photo_or_a_tag(tmp_path):
    write_out(tmp_path)
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")]
    assert len(names) > 6
    assert not [name for name in names if any(word in name for word in ("photo", "Arch", "bucket"))]
    assert Store(str(tmp_path)).list_parts()
