"""The engine: parts and wholes, memory that runs out, precision, devices, and its errors."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from landmark_core.errors import ConfigError, RunError
from landmark_core.model import quiet_torchscript
from landmark_core.tagging import device as device_rules
from landmark_core.tagging.device import (
    MAX_PROBABILITY_MOVE,
    MEAN_PROBABILITY_MOVE,
    PROBES,
    auto_batch_size,
    candidate_precisions,
    choose_device,
    draw_probe,
    is_out_of_memory,
    keeps_answers,
    read_cpu_flags,
)
from landmark_core.tagging.opening import open_engine

CPU = torch.device("cpu")
SIZE = 32
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Conv2d(8, 12, 3, stride=2), nn.ReLU()),
        )
        self.head = nn.Linear(12, 4)

    def forward(self, x):
        return self.head(self.conv(x).mean([2, 3]))


class Hungry(Cnn):
    """Asks for 2**60 bytes as soon as it sees more than three photos, or just one."""

    def forward(self, x):
        greedy = x.size(0) > 3 or x.size(0) == 1
        waste = torch.zeros([(1 << 58) * int(greedy)], dtype=torch.float32)
        return self.head(self.conv(x).mean([2, 3])) + waste.size(0) * 0


class Broken(Cnn):
    """Fails on odd batches for a reason that is not memory."""

    def forward(self, x):
        if x.size(0) % 2 == 1:
            raise ValueError("the moon is in the wrong phase")
        return self.head(self.conv(x).mean([2, 3]))


def normalise(pixels, dtype):
    return pixels.to(dtype).div(255).sub(0.45).div(0.225)


def make(kind=Cnn):
    torch.manual_seed(13)
    model = kind().eval()
    with quiet_torchscript():
        return model, torch.jit.script(model)


def open_it(module, **options):
    # fp32: what auto stands for depends on the CPU that the tests run on.
    chosen = {"device": "cpu", "precision": "fp32"} | options
    return open_engine(module, normalise=normalise, image_size=(SIZE, SIZE), **chosen)


def photos(count):
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)


def expected_scores(model, pixels):
    with torch.no_grad():
        return model(normalise(pixels, torch.float32))


def test_scores_are_those_of_the_eager_model():
    model, module = make()
    forwarded = open_it(module).forward(photos(5))
    assert torch.allclose(forwarded.scores, expected_scores(model, photos(5)), atol=1e-6)
    assert forwarded.scores.dtype == torch.float32


class Viewing(Cnn):
    """Flattens with `view`, which cannot tell the shape of an empty batch."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(12 * 7 * 7, 4)

    def forward(self, x):
        return self.head(self.conv(x).view(x.size(0), -1))


@pytest.mark.parametrize("kind", [Cnn, Viewing])
def test_an_empty_batch_is_an_ordinary_one(kind):
    _, module = make(kind)
    engine = open_it(module)
    forwarded = engine.forward(photos(0))
    assert forwarded.scores.shape == (0, 4)
    assert engine.explain(forwarded, [], []).shape == (0, 7, 7)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_scores_do_not_depend_on_how_photos_are_batched(sizes):
    engine = _ENGINE
    together = engine.forward(photos(sum(sizes))).scores
    parts = [engine.forward(part).scores for part in photos(sum(sizes)).split(sizes)]
    assert torch.allclose(torch.cat(parts), together, atol=1e-6)


_ENGINE = open_it(make()[1])


def test_bfloat16_does_not_depend_on_how_photos_are_batched_either():
    # Not by rounding alone: the last batch of a shard is smaller, and its rows are the same rows.
    engine = open_it(make()[1], precision="bf16")
    together = engine.forward(photos(12)).scores
    for size in (1, 2, 5, 7):
        parts = [engine.forward(part).scores for part in photos(12).split(size)]
        assert torch.allclose(torch.cat(parts), together, atol=1e-6)


@pytest.mark.parametrize("way", ["closed_form", "tapped_graph", "submodules", None])
def test_several_threads_get_what_one_gets(way):
    engine = open_it(make()[1], ways=(way,) if way else ())
    batches = [photos(count) for count in (1, 5, 8, 2, 3, 8, 1, 4)]

    def tag(batch):
        forwarded = engine.forward(batch)
        rows = range(len(batch))
        return forwarded.scores, engine.explain(forwarded, rows, [row % 4 for row in rows])

    expected = [tag(batch) for batch in batches]
    with ThreadPoolExecutor(4, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        for _ in range(5):
            for got, wanted in zip(threads.map(tag, batches), expected, strict=True):
                assert torch.allclose(got[0], wanted[0], atol=1e-6)
                if way:
                    assert torch.allclose(got[1], wanted[1], rtol=1e-5, atol=1e-8)


def test_threads_that_run_out_of_memory_beside_each_other_halve_once(caplog):
    model, module = make(Hungry)
    engine = open_it(module)
    together = threading.Barrier(4, timeout=20)

    def score(batch):
        together.wait()
        return engine.forward(batch).scores

    with ThreadPoolExecutor(4) as threads:
        scores = list(threads.map(score, [photos(8)] * 4))
    reference = expected_scores(super(Hungry, model).forward, photos(8))
    assert all(torch.allclose(each, reference, atol=1e-6) for each in scores)
    halvings = [r.message for r in caplog.records if "out of memory" in r.message]
    assert len(halvings) == 2  # from 8 to 4, and from 4 to 2


@needs_cuda
def test_streams_of_several_threads_do_not_mix():
    engine = open_it(make()[1], device="cuda")
    batches = [photos(count) for count in (64, 3, 17, 40, 64, 1)]
    expected = [engine.forward(batch).scores for batch in batches]

    def settle():
        torch.cuda.synchronize()
        torch.cuda.set_stream(torch.cuda.Stream())

    with ThreadPoolExecutor(2, initializer=settle) as threads:
        for _ in range(20):
            scores = threads.map(lambda batch: engine.forward(batch).scores, batches)
            for got, wanted in zip(scores, expected, strict=True):
                assert torch.allclose(got, wanted, atol=1e-3)


def test_the_module_stays_as_it_was():
    _, module = make()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    open_it(module, precision="bf16").forward(photos(2))
    for name, value in module.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("ways", [("closed_form",), ()], ids=["cut", "whole"])
def test_a_batch_that_does_not_fit_is_halved_and_the_size_remembered(ways, caplog):
    model, module = make(Hungry)
    engine = open_it(module, ways=ways)
    for count in (8, 10):
        forwarded = engine.forward(photos(count))
        reference = expected_scores(super(Hungry, model).forward, photos(count))
        assert torch.allclose(forwarded.scores, reference, atol=1e-6)
        if forwarded.activations is not None:
            assert len(forwarded.activations) == count
    halvings = [r.message for r in caplog.records if "out of memory" in r.message]
    assert halvings == [
        "out of memory at 8 photos; going on with 4 at a time",
        "out of memory at 4 photos; going on with 2 at a time",
    ]


def test_one_photo_that_does_not_fit_ends_the_run_in_one_line():
    _, module = make(Hungry)
    engine = open_it(module)
    with pytest.raises(RunError, match="one photo does not fit the memory of cpu") as caught:
        engine.forward(photos(1))
    assert "\n" not in str(caught.value)


def test_a_failing_model_ends_the_run_in_one_line():
    _, module = make(Broken)
    engine = open_it(module)
    assert engine.forward(photos(2)).scores.shape == (2, 4)
    with pytest.raises(RunError, match=r"failed on cpu: .*wrong phase") as caught:
        engine.forward(photos(3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        pytest.param(MemoryError(), True, id="python"),
        pytest.param(RuntimeError("CUDA out of memory. Tried to allocate"), True, id="cuda"),
        pytest.param(RuntimeError("expected scalar type Float"), False, id="type"),
    ],
)
def test_memory_errors_are_told_from_others(error, memory):
    assert is_out_of_memory(error) == memory


class Flat(nn.Module):
    def forward(self, x):
        return x.mean([1, 2, 3])


class Pair(nn.Module):
    def forward(self, x):
        return x.mean([2, 3]), x.amax([2, 3])


class WrongSize(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3 * 64 * 64, 4)

    def forward(self, x):
        return self.head(x.flatten(1))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(Flat, r"expected \(2, C\) scores from the model, got \(2,\)", id="vector"),
        pytest.param(Pair, r"expected \(2, C\) scores from the model, got tuple", id="tuple"),
        pytest.param(WrongSize, r"fails on pixels of shape \(2, 3, 32, 32\): .*mat1", id="size"),
    ],
)
def test_a_model_that_does_not_score_photos_is_refused(kind, message):
    _, module = make(kind)
    with pytest.raises(ConfigError, match=message) as caught:
        open_it(module)
    assert "\n" not in str(caught.value)


def test_bfloat16_scores_stay_close_and_the_head_computes_in_float32():
    model, module = make()
    engine = open_it(module, precision="bf16")
    forwarded = engine.forward(photos(6))
    assert (engine.precision, forwarded.activations.dtype) == ("bf16", torch.bfloat16)
    head_alone = model.head(forwarded.activations.float().mean([2, 3]))
    assert torch.allclose(forwarded.scores, head_alone, atol=1e-6)
    assert torch.allclose(forwarded.scores, expected_scores(model, photos(6)), atol=0.02)


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        pytest.param("avx2 avx512f avx512_bf16", "bf16", id="avx512"),
        pytest.param("amx_tile amx_bf16", "bf16", id="amx"),
        pytest.param("avx2 avx512f avx512_vnni", "fp32", id="without"),
        pytest.param("", "fp32", id="unknown"),
    ],
)
def test_auto_on_a_cpu_is_what_it_multiplies_natively(flags, precision, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text(
        f"processor\t: 0\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\nflags\t\t: fpu avx512_bf16\n"
    )
    found = read_cpu_flags(tmp_path / "cpuinfo")
    assert found == {"fpu", *flags.split()}
    monkeypatch.setattr(device_rules, "read_cpu_flags", lambda: found)
    assert candidate_precisions("auto", CPU)[0] == precision
    assert candidate_precisions("auto", CPU)[-1] == "fp32"
    assert candidate_precisions("fp16", CPU) == ("fp16",)
    _, module = make()
    assert open_it(module, precision="auto").precision == precision


def test_no_cpuinfo_means_no_flags(tmp_path):
    assert read_cpu_flags(tmp_path / "missing") == frozenset()


class Touchy(Cnn):
    """Its logits are small differences of large numbers, which bfloat16 cannot tell apart."""

    def forward(self, x):
        features = self.conv(x) + 1000
        return self.head((features.mean([2, 3]) - 1000) * 30)


def test_a_model_that_bfloat16_changes_stays_in_float32(monkeypatch, caplog):
    monkeypatch.setattr(device_rules, "read_cpu_flags", lambda: {"avx512_bf16"})
    _, module = make(Touchy)
    with caplog.at_level("INFO"):
        assert open_it(module, precision="auto").precision == "fp32"
    assert "bf16 would change what this model answers" in caplog.text
    assert open_it(module, precision="bf16").precision == "bf16"


def test_reduced_precision_is_judged_by_answers():
    exact = torch.tensor([[0.7, 0.3], *[[0.2, 0.8]] * 9])
    step = MAX_PROBABILITY_MOVE
    one_moves = torch.tensor([[-step, step], *[[0.0, 0.0]] * 9])
    near, far = exact + 0.9 * one_moves, exact + 1.1 * one_moves
    all_move = torch.tensor([[-1.0, 1.0]]) * MEAN_PROBABILITY_MOVE
    assert keeps_answers(exact, exact + 0.9 * all_move, "probabilities")
    assert not keeps_answers(exact, exact + 1.1 * all_move, "probabilities")
    assert keeps_answers(exact, near, "probabilities")
    assert not keeps_answers(exact, far, "probabilities")
    # A lead within the move may change hands, a greater one may not.
    tie, other_way = torch.tensor([[0.501, 0.499]]), torch.tensor([[0.499, 0.501]])
    assert keeps_answers(tie, other_way, "probabilities")
    lead, lost = exact.clone(), exact.clone()
    lead[0] = torch.tensor([0.5 + 0.52 * step, 0.5 - 0.52 * step])
    lost[0] = torch.tensor([0.5 - 0.01 * step, 0.5 + 0.01 * step])
    assert not keeps_answers(lead, lost, "probabilities")
    assert not keeps_answers(exact, exact * float("nan"), "probabilities")
    assert keeps_answers(exact.log(), near.log() + 5, "logits")
    assert not keeps_answers(exact.log(), far.log() + 5, "logits")
    # A temperature below 1 makes moves larger: 0.7 to 0.61 becomes 0.84 to 0.71 at 0.5.
    assert not keeps_answers(exact.log(), near.log(), "logits", temperature=0.5)
    assert keeps_answers(exact.log(), far.log(), "logits", temperature=2.0)


def test_drawn_pictures_are_alike_each_time_and_differ_as_photos_do():
    pictures = draw_probe((40, 56))
    assert pictures.shape == (PROBES, 3, 40, 56)
    assert torch.equal(pictures, draw_probe((40, 56)))
    spread = pictures.float().std(dim=(1, 2, 3))
    assert spread.min() < 10 < 50 < spread.max()  # fog and full contrast
    assert len({picture.numpy().tobytes() for picture in pictures}) == PROBES


def test_devices_are_chosen_by_what_is_there():
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert auto_batch_size(CPU) < auto_batch_size(torch.device("cuda"))


@pytest.mark.parametrize(
    ("side", "precision", "photos_a_pass"),
    [(224, "fp32", 6), (224, "bf16", 8), (288, "fp32", 4), (288, "bf16", 8), (4000, "fp32", 1)],
)
def test_a_cpu_takes_as_many_photos_as_its_largest_map_allows(side, precision, photos_a_pass):
    # 24 values a pixel, at most 32 MiB: 224 * 224 * 24 * 4 bytes are 4.6 MiB, 288 * 288: 7.6 MiB
    assert auto_batch_size(CPU, (side, side), precision) == photos_a_pass


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU here")
def test_cuda_without_a_gpu_is_one_clear_line():
    with pytest.raises(ConfigError, match=r"--device cuda needs a GPU.*use --device cpu"):
        choose_device("cuda")


@needs_cuda
@pytest.mark.parametrize("ways", [("closed_form",), ("tapped_graph",), ("submodules",), ()])
@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16", "fp16"])
def test_a_gpu_gives_the_scores_and_maps_of_the_cpu(precision, ways):
    _, module = make()
    on_cpu = open_it(module, ways=ways)
    on_gpu = open_it(module, ways=ways, device="cuda", precision=precision)
    there, here = on_gpu.forward(photos(7)), on_cpu.forward(photos(7))
    assert there.scores.device == CPU
    assert torch.allclose(there.scores, here.scores, atol=0.02)
    maps = on_gpu.explain(there, [0, 5], [1, 2])
    if ways:
        expected = on_cpu.explain(here, [0, 5], [1, 2])
        assert torch.allclose(maps, expected, atol=0.02 * expected.max().item())
    assert on_gpu.forward(photos(0)).scores.shape == (0, 4)


@needs_cuda
def test_a_full_gpu_halves_the_batch():
    _, module = make()
    engine = open_it(module, device="cuda", precision="fp32")
    torch.cuda.set_per_process_memory_fraction(0.001)
    try:
        scores = engine.forward(photos(4096)).scores
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert scores.shape == (4096, 4)
