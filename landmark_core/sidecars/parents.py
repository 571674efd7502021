"""Where a landmark stands, for the paths of keywords: from the cards of the models that said so.

A card is found by its model's id: in the file that `--model` names, among the packaged models, and
where the runs of OUT say that they found theirs.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from landmark_core.errors import ConfigError
from landmark_core.model import PackagedModel, TagParents, read_model_card, read_packaged_models
from landmark_core.sidecars.keywords import ROOT
from landmark_core.tables import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """What the models' cards say of their tags."""

    names: Mapping[str, str]  # a model's name by its id
    parents: Mapping[str, Mapping[str, TagParents]]  # by model id, then tag

    def path_of(self, tag: str, model_id: str) -> tuple[str, ...]:
        """Return the path from the root to a tag, with country and city where they are known.

        A person may have given a tag that the photo's model does not know; another one may.
        """
        known = (self.parents.get(model_id, {}), *self.parents.values())
        found = next((tags[tag] for tags in known if tag in tags), None)
        above = () if found is None else (found.country, found.city)
        return (ROOT, *(part for part in above if part), tag)


def read_atlas(store: Store, model: str | None) -> Atlas:
    """Read the cards of the models that OUT speaks of.

    Args:
        store: OUT.
        model: one that `--model` of `landmarks tag` would take; null for none but those.

    Raises:
        ConfigError: if the model cannot be read.
    """
    cards = {card.model_id: card for card in read_packaged_models()}
    if model is not None:
        card = read_model_card(model)
        if card is None:
            raise ConfigError(f"model {model} has no card: it knows of no countries and cities")
        cards[card.model_id] = card
    names = {model_id: card.card.name for model_id, card in cards.items()}
    for model_id, name, location in _models_of_runs(store):
        names.setdefault(model_id, name)
        if model_id not in cards and (card := _try_card(location, model_id)):
            cards[model_id] = card
    parents = {model_id: card.card.tag_parents for model_id, card in cards.items()}
    return Atlas(names=names, parents=parents)


def _models_of_runs(store: Store) -> Iterator[tuple[str, str, str]]:
    """Yield id, name and location of each model once for each place where a run found it."""
    seen = set()
    for run in reversed(store.read_runs()):  # the newest first: older places may be gone
        model, settings = run.summary.get("model", {}), run.summary.get("settings", {})
        said = (model.get("model_id"), model.get("name"), settings.get("model"))
        if all(isinstance(one, str) for one in said) and said not in seen:
            seen.add(said)
            yield said


def _try_card(location: str, model_id: str) -> PackagedModel | None:
    # What a table says is not fetched from the network, nor read from a device or a pipe.
    path = Path(location.rpartition("@")[0] or location)
    if "://" in location or not (path.is_file() or path.is_dir() or Path(location).is_file()):
        return None
    try:
        card = read_model_card(location)
    except ConfigError as error:
        logger.info("no countries and cities from model %s: %s", location, error)
        return None
    return card if card is not None and card.model_id == model_id else None
