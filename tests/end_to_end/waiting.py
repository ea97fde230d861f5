"""Waiting for a condition: the only way these tests pass time."""

import threading
import time

_never = threading.Event()


def wait_until(condition, what, seconds=120):
    """The first true value of `condition()`, looked at every 20 ms; fails after `seconds` naming `what`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        _never.wait(0.02)


def pause(seconds):
    """For tests that do something at a random moment; never to wait for something."""
    _never.wait(seconds)
