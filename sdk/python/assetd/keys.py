"""Asset keys: parts of [A-Za-z0-9_][A-Za-z0-9_.-]*, joined by '/', at most 255 bytes."""

import re

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
MAX_BYTES = 255


def is_key(text):
    return 0 < len(text) <= MAX_BYTES and all(_PART.fullmatch(part) for part in text.split("/"))


def sanitize_part(text):
    """Replaces each character outside a part's alphabet by '_'; an empty part becomes '_'."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", text)
    return "_" + clean[1:] if clean[:1] in ("", ".", "-") else clean


def sanitize_key(text):
    """As sanitize_part, for each part of a key."""
    return "/".join(sanitize_part(part) for part in text.split("/"))


def parameter_name(key):
    """The name a function's parameter has when it asks for the artifact of `key`: the key with '_' for '/', '.' and '-'."""
    return re.sub(r"[/.-]", "_", key)
