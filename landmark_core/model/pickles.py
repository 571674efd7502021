"""Name what a pickle holds by reading its opcodes; nothing is unpickled, so nothing in it can run.

torch.save pickles whole modules, state dicts and checkpoints
(https://docs.pytorch.org/docs/stable/notes/ serialization.html). The first structure in the pickle
tells them apart: a module starts with its class, the others with a dictionary whose first texts
are its keys.
"""

import io
import pickletools
from dataclasses import dataclass
from itertools import islice
from typing import IO

LEGACY_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save before 1.6, after the protocol
MAX_OPCODES = 200_000  # a checkpoint's first keys stand within its first few
PLUMBING = (
    "collections ",
    "torch._utils ",
    "torch.storage ",
    "_codecs ",
    "__builtin__ ",
    "builtins ",
)
EXPORT_IT = "save torch.jit.script(model.eval()) with torch.jit.save"
CHECKPOINT_KEYS = frozenset(
    (
        "arch",
        "ema",
        "epoch",
        "hyper_parameters",
        "model",
        "model_state_dict",
        "net",
        "optimizer",
        "optimizer_state_dict",
        "pytorch-lightning_version",
        "scheduler",
        "state_dict",
    )
)


@dataclass(frozen=True, slots=True)
class _Outline:
    classes: tuple[str, ...]  # "module name", in the order of their first use
    texts: tuple[str, ...]  # strings, likewise
    starts_with_class: bool  # before any text: the pickle is one object of classes[0]
    has_tensors: bool


def is_pickle(data: bytes) -> bool:
    """Tell whether bytes start like a pickle of protocol 2 or later."""
    return len(data) > 2 and data[0] == 0x80 and 2 <= data[1] <= 5


def skip_legacy_header(data: bytes) -> IO[bytes]:
    """Return a stream that stands at the object, after torch.save's three leading pickles."""
    stream = io.BytesIO(data)
    if data.startswith(LEGACY_MAGIC, 2):
        for _ in range(3):  # magic number, protocol version, the machine's type sizes
            _outline(stream)
    return stream


def describe_pickle(stream: IO[bytes]) -> str:
    """Say what the next pickle in a stream holds and what to do with it, in one line.

    Args:
        stream: stands at the pickle; may be cut off or damaged.
    """
    outline = _outline(stream)
    if outline.starts_with_class:
        return (
            f"a pickled {_dotted(outline.classes[0])}, not TorchScript (not opened, as it "
            f"can run any code): if you trust it, load it where its class is known and {EXPORT_IT}"
        )
    keys = [text for text in outline.texts if text in CHECKPOINT_KEYS]
    if keys:
        return (
            f"a training checkpoint (a dictionary with {', '.join(keys[:3])}), not TorchScript: "
            f"build its network in Python, load the weights from it and {EXPORT_IT}"
        )
    if outline.has_tensors:
        first = f" such as {outline.texts[0][:60]!r}" if outline.texts else ""
        return (
            f"a state dict, weights{first} without their network: "
            f"build the network in Python, load them and {EXPORT_IT}"
        )
    return f"a pickle without a network in it, not TorchScript: {EXPORT_IT}"


def _dotted(name: str) -> str:
    return ".".join(name[:120].split())


def _outline(stream: IO[bytes]) -> _Outline:
    classes: dict[str, None] = {}
    texts: dict[str, None] = {}
    starts_with_class = has_tensors = False
    try:
        for opcode, argument, _ in islice(pickletools.genops(stream), MAX_OPCODES):
            if opcode.name in ("GLOBAL", "STACK_GLOBAL"):
                name = _global_name(opcode.name, argument, list(texts))
                has_tensors |= "_rebuild_" in name
                if not name.startswith(PLUMBING) and not _is_storage(name):
                    starts_with_class |= not classes and not _has_keys(opcode.name, list(texts))
                    classes[name] = None
            elif isinstance(argument, str):
                texts[argument] = None
    except (ValueError, EOFError, UnicodeDecodeError, OverflowError):
        pass  # cut off or damaged: what was read up to here still tells what it is
    return _Outline(tuple(classes), tuple(texts), starts_with_class, has_tensors)


def _global_name(opcode: str, argument: object, texts: list[str]) -> str:
    """Return "module name" of a class; protocol 4 takes both from the texts before."""
    return str(argument) if opcode == "GLOBAL" else " ".join(texts[-2:])


def _has_keys(opcode: str, texts: list[str]) -> bool:
    """Tell whether texts came before a class, other than those that belong to it."""
    before = texts if opcode == "GLOBAL" else texts[:-2]
    return bool(set(before) - {"module"})  # torch.save of old put this mark before a module's class


def _is_storage(name: str) -> bool:
    return name.startswith("torch ") and not name.startswith("torch.nn")
