"""Turn a loaded model into the lines that `landmarks models show` prints."""

from landmark_core.model import LoadedModel, PreprocessSettings
from landmark_core.report_text import printable

_CLASSES_SHOWN = 60


def model_to_text(model: LoadedModel) -> str:
    """Return what a person wants to know of a model file."""
    card, settings, limits = model.card, model.card.preprocess, model.card.thresholds
    lines = [
        f"{card.name}: {card.architecture or 'architecture not stated'}",
        f"  file        {printable(model.path)} ({model.size_bytes / 1e6:.1f} MB)",
        f"  model_id    {model.model_id}, preprocess_id {model.preprocess_id}",
        f"  input       {_input(settings)}",
        f"  output      {card.output}, temperature {card.temperature:g}",
        f"  tagged      from a confidence of {limits.tagged_from:g}",
    ]
    if limits.per_class:
        own = ", ".join(f"{name} {limit:g}" for name, limit in sorted(limits.per_class.items()))
        lines.append(f"              {own}")
    if limits.no_landmark_below is not None:
        lines.append(f"  no landmark below a confidence of {limits.no_landmark_below:g}")
    if limits.no_landmark_energy_above is not None:
        lines.append(f"  no landmark above an energy of {limits.no_landmark_energy_above:g}")
    if card.licence:
        lines.append(f"  licence     {printable(card.licence)}")
    lines.append(f"{len(card.class_names):,} classes: {_classes(card.class_names)}")
    lines += [f"  {name}: {value:g}" for name, value in sorted(card.metrics.items())]
    lines += [f"Note: {printable(note)}" for note in model.notes]
    return "\n".join(lines)


def _input(settings: PreprocessSettings) -> str:
    side, rule = settings.crop_size, settings.resize_rule.replace("_", " ")
    return (
        f"{side} x {side} pixels, centre of a {rule} of {settings.resize_size}, "
        f"{settings.interpolation}"
    )


def _classes(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:_CLASSES_SHOWN])
    hidden = len(names) - _CLASSES_SHOWN
    return f"{shown} and {hidden:,} more (--json has them all)" if hidden > 0 else shown
