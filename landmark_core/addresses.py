"""URLs as they may be kept and shown: without what opens a door.

A signed URL, or one with a password in it, is a key. Tables, run files, logs and artifacts get the
address without it; what is left still tells photos apart, and stays the same when a URL is signed
anew. Only the usual names of such parameters are known here. Pure.

Names: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html,
https://learn.microsoft.com/rest/api/storageservices/create-service-sas and
https://cloud.google.com/storage/docs/authentication/signatures
"""

import re
from urllib.parse import unquote_plus

_SIGNATURE = re.compile(r"sig|signature|(x-(amz|goog|oss|cos)-|q-)signature", re.IGNORECASE)
_SECRET = re.compile(
    r"sig|signature|x-(amz|goog|oss|cos|ms)-.*|q-(sign|ak|signature|key|header|url).*"
    r"|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id|hdnts|hdnea"
    r"|((access|auth|id|refresh|session|security|sas|bearer|oauth)[-_]?)?token"
    r"|(api|access|account|secret|private|shared)[-_]?key|(client[-_]?)?secret"
    r"|pass(word|wd|phrase)?|pwd|credentials?|authorization",
    re.IGNORECASE,
)
# What stands beside a signature and means nothing without it.
_BESIDE = frozenset(
    (
        *("expires", "expiry", "policy", "sv", "ss", "srt", "sp", "st", "se", "spr", "sip", "sr"),
        *("sdd", "si", "ske", "skoid", "sks", "skt", "sktid", "skv", "saoid", "suoid", "scid"),
    )
)
_WITH_ACCOUNT = ("abfs", "az:")  # abfs://container@account..., no password
_WITHOUT_HOST = ("memory:", "file:", "local:")
_USER = re.compile(r"^([^/]*//)([^/?#]*)@")
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>|]*[^\s'\"<>|.,:;)\]]")


def without_secrets(address: str) -> str:
    """Return a path or URL without user, password and signature; anything else stays as it is."""
    if "://" not in address or ("?" not in address and "@" not in address):
        return address
    place, mark, query = address.partition("?")
    place = _without_user(place)
    if not mark:
        return place
    query, hash_mark, fragment = query.partition("#")
    pairs = query.split("&")
    names = [unquote_plus(pair.partition("=")[0]).lower() for pair in pairs]
    is_signed = any(map(_SIGNATURE.fullmatch, names))
    kept = [
        pair
        for pair, name in zip(pairs, names, strict=True)
        if not (_SECRET.fullmatch(name) or (is_signed and name in _BESIDE))
    ]
    if len(kept) == len(pairs):
        return f"{place}?{query}{hash_mark}{fragment}"
    return place + ("?" + "&".join(kept) if kept else "")


def is_secret(address: str) -> bool:
    """Whether an address holds a password or a signature."""
    return without_secrets(address) != address


def clean_text(text: str) -> str:
    """Return a message with every URL in it as `without_secrets` has it."""
    if "://" not in text:
        return text
    return _IN_TEXT.sub(lambda found: without_secrets(found[0]), text)


def _without_user(place: str) -> str:
    scheme = place.partition("//")[0].lower()
    if scheme.startswith((*_WITH_ACCOUNT, *_WITHOUT_HOST)):
        return place
    return _USER.sub(r"\1", place)
