import pytest

from assetd.keys import is_key, parameter_name, sanitize_key, sanitize_part


@pytest.mark.parametrize("text, expected", [
    ("a", True), ("a/b.c-d_1", True), ("_x", True), ("", False), ("a//b", False), ("/a", False), (".a", False), ("-a", False), ("a b", False), ("ä", False),
    ("a" * 255, True), ("a" * 256, False),
])
def test_what_is_a_key(text, expected):
    assert is_key(text) is expected


@pytest.mark.parametrize("text, expected", [("GA4 Hits", "GA4_Hits"), ("events_*", "events__"), (".hidden", "_hidden"), ("", "_"), ("fine-1.0", "fine-1.0"), ("a/b", "a_b")])
def test_parts_are_made_fit(text, expected):
    assert sanitize_part(text) == expected and is_key(sanitize_part(text))


def test_keys_keep_their_parts():
    assert sanitize_key("raw layer/ä") == "raw_layer/_"


def test_parameters_cannot_have_slashes():
    assert parameter_name("raw/my-events.v2") == "raw_my_events_v2"
