"""Good records of every kind, from which the broken ones are made."""

import dataclasses
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from fuzzing import out as template
from fuzzing.readers import NOW, open_log
from landmark_core.export.csv_out import write_csv
from landmark_core.export.photos import read_standing
from landmark_core.model import ModelCard, TagParents, Thresholds
from landmark_core.model.card_json import card_to_json
from landmark_core.model.history import HistoryEntry, append_entry
from landmark_core.model.training_record import TrainingRecord, write_training_record
from landmark_core.tables import Store


def write_seeds(folder: Path) -> None:
    """Make a good file of each kind."""
    template.write_out(folder / "out")
    (folder / "models").mkdir()
    _write_models(folder / "models")
    _write_exchange(folder)
    lease = {"token": "ab", "pid": 7, "host": "h", "since": NOW.isoformat(), "length_s": 120.0}
    lease |= {"renewals": 1, "renewed_at": datetime.now(UTC).isoformat(), "released": False}
    (folder / "lease.json").write_text(json.dumps(lease))
    (folder / "lock.json").write_text(json.dumps({"pid": 7, "host": "h"}))


def _write_models(folder: Path) -> None:

    version = folder / "versions" / "20261120T030000Z-00000000"
    version.mkdir(parents=True)
    (version / "model.pt").write_bytes(b"model")
    record = TrainingRecord(
        version=version.name,
        created_at="2026-11-20T03:00:00Z",
        arch="cnn",
        class_names=template.TAGS,
        metrics={"top1": 0.9},
        model_sha256="0" * 64,
        files={"model.pt": "0" * 64},
        comparison={"better": True, "reason": "it is"},
    )
    write_training_record(record, version)
    entry = HistoryEntry(
        when="2026-11-20T03:00:00Z",
        action="promotion",
        version=version.name,
        before=None,
        reason="first",
        by="ann",
        figures={"top1": 0.9},
    )
    append_entry(folder, entry)
    append_entry(folder, dataclasses.replace(entry, action="refusal"))
    (folder / "champion.json").write_text(json.dumps({"version": version.name}))


def _write_exchange(folder: Path) -> None:
    """Write a card, an export for spreadsheets, one of Label Studio's, and archives of models."""

    card = card_to_json(
        ModelCard(
            name="tiny",
            class_names=template.TAGS,
            thresholds=Thresholds(tagged_from=0.6, per_class={"Arch": 0.7}),
            metrics={"top1": 0.9},
            created_at="2026-11-20T03:00:00Z",
            tag_parents={"Arch": TagParents(country="France")},
        )
    )
    (folder / "card.json").write_text(card)
    store = Store(str(folder / "out"))
    with (folder / "sheet.csv").open("w", newline="") as file:
        write_csv(read_standing(store, open_log(store)), file, exported_at=NOW)
    photo = template.ref(1)
    data = {"photo_id": photo.photo_id, "uri": photo.uri, "version": "etag:etag-1"}
    value = {"choices": ["Dome"]}
    result = [{"from_name": "landmark", "id": "a", "type": "choices", "value": value}]
    one = {"result": result, "completed_by": 3, "updated_at": NOW.isoformat(), "lead_time": 2.5}
    tasks = [{"id": 1, "data": data, "annotations": [one]}, {**data, "landmark": "Arch"}]
    (folder / "tasks.json").write_text(json.dumps(tasks))
    members = {"data.pkl": b"\x80\x02}.", "code/__torch__.py": b"class A:\n", "version": b"3\n"}
    members |= {"extra/landmarks.json": card.encode(), "data/0": bytes(64)}
    _write_zip(folder / "tiny.pt", members)
    config = {"config": {"a": {"path_name": "weight_0", "use_pickle": False}}}
    graph = {"inputs": [], "nodes": [{"target": "torch.ops.aten.relu.default", "metadata": {}}]}
    tree = json.dumps([1, {"type": None, "context": None, "children_spec": []}])
    model = {"graph_module": {"graph": graph, "in_spec": tree, "treespec_namedtuple_fields": {}}}
    program = {"models/model.json": json.dumps(model | {"guards_code": []}).encode()}
    program |= {
        "data/weights/weight_0": bytes(16),
        "archive_format": b"pt2",
        "byteorder": b"little",
    }
    program |= {"data/weights/model_weights_config.json": json.dumps(config).encode()}
    program |= {"extra/landmarks.json": card.encode()}
    _write_zip(folder / "tiny.pt2", program)


def _write_zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"tiny/{name}", content)
