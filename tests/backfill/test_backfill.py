"""A backfill from plan to run file, by several hands: each photo once, whatever happens between."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest

from landmark_core import backfill
from landmark_core.cli import main
from landmark_core.config import TagConfig
from landmark_core.errors import ConfigError, RunError, ShardError
from landmark_core.records import Shard
from landmark_core.tables import Store, find_report, read_backfill
from landmark_core.tagging import NoProgress, close_lent_tagger, tag_library

NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
SAME = ["uri", "status", "error", "decision", "tag", "content_sha256", "model_id"]


@pytest.fixture(autouse=True)
def _free_the_tagger():
    yield
    close_lent_tagger()


@pytest.fixture
def config(drawn_library, tiny_model, tmp_path) -> TagConfig:
    return TagConfig(
        source=str(drawn_library),
        out=str(tmp_path / "out"),
        model=str(tiny_model),
        workers=0,
        shard_size=5,
    )


def plan(config: TagConfig, **options) -> str:
    found = backfill.plan_backfill(
        config, NoProgress(), backfill.PlanOptions(photos_per_second=40.0, **options), now=NOW
    )
    assert found is not None
    return found.run_id


def rows(out: str) -> pandas.DataFrame:
    return pandas.read_parquet(Path(out) / "tags").sort_values("uri", ignore_index=True)


def break_shard(out: str, run_id: str, number: int) -> Path:
    """Break one shard of the plan on the disk; return a copy of what it was."""
    path = Path(out, "runs", f"{run_id}.plan.parquet")
    healthy = Path(shutil.copyfile(path, path.with_suffix(".healthy")))
    with pq.ParquetFile(path) as file:
        column = file.metadata.row_group(number).column(0)
    with path.open("r+b") as raw:
        raw.seek(column.dictionary_page_offset or column.data_page_offset)
        raw.write(b"\xff" * column.total_compressed_size)
    return healthy


def test_a_plan_is_frozen_inspectable_and_tags_nothing(config):
    run_id = plan(config, processes=4, cost_per_hour=3.6)
    record = read_backfill(Store(config.out), run_id)
    assert (record.photos, record.shards) == (32, 7)
    assert record.estimate["process_hours"] == pytest.approx(32 / 40 / 3600)
    assert record.estimate["cost"] == pytest.approx(32 / 40 / 1000)
    assert not (Path(config.out) / "tags").exists()
    state = backfill.look_at_backfill(Store(config.out), run_id)
    assert (state.state, state.photos_done) == ("open", 0)
    assert "0 of 32 photos done" in backfill.backfill_to_text(state, config.out)
    assert json.dumps(backfill.backfill_to_json(state))


def test_rows_are_those_of_an_ordinary_run(config, tmp_path):
    run_id = plan(config)
    reports, failures = backfill.tag_backfill_shards(config.out, run_id, range(7))
    assert not failures
    assert sum(report.counts.photos for report in reports) == 32
    summary = backfill.close_backfill(config.out, run_id, now=NOW)
    assert summary.counts.photos == 32
    assert sum(summary.confidences) == summary.counts.ok
    other = TagConfig(**{**{f: getattr(config, f) for f in ("source", "model", "workers")},
                         "out": str(tmp_path / "other")})  # fmt: skip
    tag_library(other)
    pandas.testing.assert_frame_equal(rows(config.out)[SAME], rows(other.out)[SAME])


def test_a_shard_handed_out_twice_is_done_once(config):
    run_id = plan(config)
    first = backfill.tag_backfill_shard(config.out, run_id, 2)
    part = Path(config.out, "tags", f"run={run_id}", "part-000002.parquet")
    before = part.stat().st_mtime_ns
    again = backfill.tag_backfill_shard(config.out, run_id, 2)
    assert part.stat().st_mtime_ns == before
    assert again.counts == first.counts
    assert again == find_report(Store(config.out), Shard(run_id=run_id, number=2, photos=5))
    assert len(backfill.remaining_shards(Store(config.out), run_id)) == 6


def test_a_broken_shard_fails_alone_and_is_named(config):
    run_id = plan(config)
    healthy = break_shard(config.out, run_id, 3)
    reports, failures = backfill.tag_backfill_shards(config.out, run_id, range(7))
    assert [failure.shard for failure in failures] == [3]
    assert "plan.parquet" in failures[0].reason
    assert len(reports) == 6
    with pytest.raises(RunError, match=r"1 shards of backfill .* are missing"):
        backfill.close_backfill(config.out, run_id, now=NOW)
    shutil.copyfile(healthy, healthy.with_suffix("").with_suffix(".plan.parquet"))
    backfill.tag_backfill_shard(config.out, run_id, 3)
    assert backfill.close_backfill(config.out, run_id, now=NOW).counts.photos == 32
    assert rows(config.out).photo_id.is_unique


def test_ordinary_runs_leave_its_photos_alone_and_do_new_ones(config, tmp_path):
    library = Path(shutil.copytree(config.source, tmp_path / "library"))
    config = TagConfig(source=str(library), out=config.out, model=config.model, workers=0)
    run_id = plan(config)
    new = library / "new.png"
    shutil.copyfile(next(library.rglob("*.png")), new)
    summary = tag_library(config)
    assert summary.counts.photos == 1
    assert summary.plan.claimed == 32
    backfill.tag_backfill_shards(config.out, run_id, [0])
    backfill.close_backfill(config.out, run_id, now=NOW)
    assert tag_library(config).counts.photos == 0
    table = rows(config.out)
    assert len(table) == 33
    assert table.photo_id.is_unique


def test_a_cancelled_one_keeps_what_is_done_and_frees_the_rest(config):
    run_id = plan(config)
    backfill.tag_backfill_shards(config.out, run_id, [0, 1])
    backfill.cancel_backfill(config.out, run_id, now=NOW)
    with pytest.raises(ShardError, match="was closed"):  # an executor that comes late
        backfill.tag_backfill_shard(config.out, run_id, 5)
    assert tag_library(config).counts.photos == 22
    assert rows(config.out).photo_id.is_unique
    with pytest.raises(RunError, match="has ended already"):
        backfill.cancel_backfill(config.out, run_id, now=NOW)


def test_a_second_plan_of_the_same_source_names_the_first(config):
    run_id = plan(config)
    with pytest.raises(ConfigError, match=rf"{run_id} .* is open"):
        plan(config)


def test_nothing_missing_no_plan(config):
    tag_library(config)
    options = backfill.PlanOptions(photos_per_second=1.0)
    assert backfill.plan_backfill(config, NoProgress(), options, now=NOW) is None
    assert not list(Path(config.out).glob("runs/*.backfill.json"))


def test_another_model_in_the_planned_ones_place_is_refused(config, tiny_model, tmp_path):
    model = tmp_path / "model.pt"
    shutil.copyfile(tiny_model, model)
    config = TagConfig(source=config.source, out=config.out, model=str(model), workers=0)
    run_id = plan(config)
    close_lent_tagger()
    from landmark_core.model import read_packaged_models

    shutil.copyfile(read_packaged_models()[0].path, model)
    with pytest.raises(ConfigError, match="was planned for model"):
        backfill.tag_backfill_shard(config.out, run_id, 0)


def test_the_rate_is_measured_on_a_sample(config):
    found = backfill.plan_backfill(config, NoProgress(), backfill.PlanOptions(), now=NOW)
    assert found is not None
    assert "measured on 32 photos" in found.estimate["basis"]
    assert 0.1 < found.estimate["photos_per_second"] < 100_000


def test_the_command_plans_runs_and_shows(config, capsys):
    options = ["--model", config.model, "--workers", "0", "--no-progress", "--shard-size", "9"]
    plan_it = ["backfill", "plan", config.source, "--out", config.out, *options, "--rate", "20"]
    assert main([*plan_it, "--json"]) == 0
    run_id = json.loads(capsys.readouterr().out)["run_id"]
    assert main(plan_it) == 2
    assert f"landmarks backfill cancel {config.out} {run_id}" in capsys.readouterr().err
    assert main(["backfill", "show", config.out]) == 0
    assert "0 of 32 photos done" in capsys.readouterr().out
    assert main(["backfill", "run", config.out, "--no-progress", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["photos"] == 32
    assert main(["backfill", "show", config.out, run_id]) == 0
    assert "ended, 32 of 32 photos done" in capsys.readouterr().out
    assert main(["backfill", "run", config.out]) == 2
    assert "expected one open backfill" in capsys.readouterr().err


def test_a_failing_run_names_the_shard_and_exits_with_1(config, capsys):
    run_id = plan(config)
    break_shard(config.out, run_id, 0)
    assert main(["backfill", "run", config.out, run_id, "--no-progress"]) == 1
    complained = capsys.readouterr().err
    assert "1 of 7 shards failed (shard 0: " in complained
    assert "Traceback" not in complained
