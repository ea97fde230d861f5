"""A claim as supervisor/claim.cc lays it out, so that tests can give its shim the identity of another process."""

import pathlib
import struct

_SHIM_AT, _HEAD, _SHIM = 256, struct.Struct("<IIQ"), struct.Struct("<iiQq")


def _checksum(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def start_ticks(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def give_shim_the_pid_of(claim, pid, with_start_time):
    """As if the system had given the shim's and the step's pid to another process; with_start_time: one that started at the very same tick after its boot."""
    with open(claim, "r+b") as file:
        file.seek(_SHIM_AT)
        magic, version, checksum = _HEAD.unpack(file.read(_HEAD.size))
        record = file.read(_SHIM.size)
        assert checksum == _checksum(record), "the layout of claims has changed"
        _, _, ticks, at = _SHIM.unpack(record)
        record = _SHIM.pack(pid, pid, start_ticks(pid) if with_start_time else ticks, at)
        file.seek(_SHIM_AT)
        file.write(_HEAD.pack(magic, version, _checksum(record)) + record)
