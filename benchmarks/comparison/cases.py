"""Who is compared with whom, on which photos, with which network."""

from dataclasses import dataclass

from landmark_core.errors import ConfigError

BATCH = 32  # runs are whole batches of every contestant


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way of tagging; `benchmarks.peers.<module>` runs it."""

    name: str  # for --only
    label: str  # for people
    module: str
    needs: str | None = None  # a package that may be missing
    share: float  # of the plain script's cost, about; only decides how many photos a run has


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """A kind of library: pictures that are drawn once and linked as often as a run needs them."""

    name: str
    files: tuple[tuple[tuple[int, int], str], ...]  # size and format of one picture after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A network as a file, and what it takes."""

    name: str
    label: str
    network: str  # for libraries that build networks by themselves
    resize: int  # pixels
    crop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One comparison."""

    name: str  # for --only
    label: str
    photos: Photos
    model: Model
    contestants: tuple[str, ...]
    plain_ms: float  # what the plain script costs a photo, about; decides how many photos a run has

    def count_photos(self, contestant: Contestant, seconds: float) -> int:
        """Return N, so that 2N photos take a contestant about so many seconds: whole batches.

        At least three: with one, half of two workers would have nothing to read in the short run,
        and the difference between the runs would leave out part of what a photo costs.
        """
        wanted = seconds * 1000 / (2 * self.plain_ms * contestant.share)
        return BATCH * min(max(3, round(wanted / BATCH)), 64)


CONTESTANTS = (
    Contestant(name="ours", label="landmarks tag", module="ours", share=0.3),
    Contestant(name="plain", label="DataLoader + pandas", module="plain", share=1.0),
    Contestant(name="timm", label="timm", module="timm_inference", needs="timm", share=0.8),
    Contestant(
        name="transformers",
        label="transformers pipeline",
        module="hf_pipeline",
        needs="transformers",
        share=1.2,
    ),
    Contestant(name="ray", label="Ray Data", module="ray_data", needs="ray", share=1.2),
    Contestant(name="decode", label="decode alone", module="decode_alone", share=0.12),
    Contestant(name="forward", label="forward alone, frozen", module="forward_alone", share=0.2),
    Contestant(name="engine", label="forward alone, our engine", module="engine_alone", share=0.2),
)
BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}
FORWARDS = ("forward", "engine")  # they need no photos: once for each network
FLOOR = ("decode", *FORWARDS)
PEERS = ("plain", "timm", "transformers", "ray")

SMALL = Photos(name="small", files=(((340, 256), "jpg"),) * 16)
TWO = Photos(name="2mp", files=(((1600, 1200), "jpg"),) * 16)
TWELVE = Photos(name="12mp", files=(((4000, 3000), "jpg"),) * 8)
MIXED = Photos(
    name="mixed",
    files=(
        ((1600, 1200), "jpg"),
        ((4000, 3000), "jpg"),
        ((1600, 1200), "heic"),
        ((1024, 768), "png"),
        ((1600, 1200), "jpg"),
        ((1600, 1200), "webp"),
        ((1600, 1200), "heic"),
        ((340, 256), "jpg"),
    )
    * 2,
)
RESNET = Model(name="resnet18", label="ResNet-18", network="resnet18", resize=256, crop=224)
STARTER = Model(
    name="starter", label="starter (MobileNetV2)", network="mobilenet_v2", resize=288, crop=288
)

_ALL = ("ours", *PEERS, "decode")
CASES = (
    Case(
        name="small",
        label="340 x 256 JPEG, ResNet-18",
        photos=SMALL,
        model=RESNET,
        contestants=_ALL,
        plain_ms=24,
    ),
    Case(
        name="2mp",
        label="1600 x 1200 JPEG, ResNet-18",
        photos=TWO,
        model=RESNET,
        contestants=_ALL,
        plain_ms=30,
    ),
    Case(
        name="12mp",
        label="4000 x 3000 JPEG, ResNet-18",
        photos=TWELVE,
        model=RESNET,
        contestants=_ALL,
        plain_ms=93,
    ),
    Case(
        name="mixed",
        label="JPEG, HEIC, PNG, WebP of many sizes, ResNet-18",
        photos=MIXED,
        model=RESNET,
        contestants=("ours", "plain", "decode"),
        plain_ms=60,
    ),
    Case(
        name="starter",
        label="1600 x 1200 JPEG, starter model (MobileNetV2, 288 pixels)",
        photos=TWO,
        model=STARTER,
        contestants=_ALL,
        plain_ms=40,
    ),
    Case(
        name="forward-resnet18",
        label="no photos, ResNet-18",
        photos=SMALL,
        model=RESNET,
        contestants=FORWARDS,
        plain_ms=30,
    ),
    Case(
        name="forward-starter",
        label="no photos, starter model (MobileNetV2, 288 pixels)",
        photos=SMALL,
        model=STARTER,
        contestants=FORWARDS,
        plain_ms=40,
    ),
)
QUICK = ("2mp", "forward-resnet18")


def choose_cases(only: list[str], *, quick: bool) -> list[tuple[Case, tuple[str, ...]]]:
    """Return the cases to run with their contestants.

    Args:
        only: names of cases and contestants; of each kind, all where none is named.
        quick: the one case that says most, and its floor.

    Raises:
        ConfigError: naming what is neither a case nor a contestant.
    """
    names = {case.name for case in CASES}
    if unknown := sorted(set(only) - names - set(BY_NAME)):
        known = ", ".join([*names, *BY_NAME])
        raise ConfigError(f"--only {unknown[0]}: expected cases or contestants of {known}")
    cases = set(only) & names or (set(QUICK) if quick else names)
    contestants = set(only) & set(BY_NAME) or set(BY_NAME)
    chosen = [
        (case, tuple(name for name in case.contestants if name in contestants))
        for case in CASES
        if case.name in cases
    ]
    return [(case, members) for case, members in chosen if members]
