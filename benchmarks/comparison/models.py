"""Make the model files: a seeded ResNet-18 with 50 classes as TorchScript, and the starter."""

from pathlib import Path

from benchmarks.comparison.cases import STARTER, Model

CLASSES = 50


def make_model(folder: Path, model: Model) -> tuple[Path, Path]:
    """Return a TorchScript file and the file of its class names; both are made where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    file, classes = folder / f"{model.name}.pt", folder / f"{model.name}.txt"
    if not classes.exists():
        names = _copy_starter(file) if model is STARTER else _script_resnet(file)
        classes.write_text("\n".join(names) + "\n", encoding="utf-8")  # last: both are there
    return file, classes


def _script_resnet(file: Path) -> list[str]:
    import torch
    from torchvision.models import resnet18

    from landmark_core.model import quiet_torchscript

    torch.manual_seed(0)
    with quiet_torchscript():
        torch.jit.script(resnet18(num_classes=CLASSES).eval()).save(file)
    return [f"class {number:02d}" for number in range(CLASSES)]


def _copy_starter(file: Path) -> list[str]:
    from landmark_core.model import load_model, pin_model
    from landmark_core.model.source import read_model_file

    file.write_bytes(read_model_file(pin_model("starter")).data)
    return list(load_model("starter").card.class_names)
