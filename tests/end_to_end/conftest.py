import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from daemon import Daemon  # noqa: E402


@pytest.fixture
def make_daemon(tmp_path):
    """make_daemon(yaml or folder, …) → a Daemon that is not started; all are ended, with what they started, after the test."""
    made = []

    def make(definitions, **options):
        folder = definitions if isinstance(definitions, pathlib.Path) else tmp_path / f"project{len(made)}"
        if isinstance(definitions, str):
            folder.mkdir()
            (folder / "assetd.yaml").write_text(definitions)
        made.append(Daemon(folder, **options))
        return made[-1]

    yield make
    for daemon in made:
        daemon.clean_up()


@pytest.fixture
def start(make_daemon):
    """The same, started and ready."""
    return lambda definitions, **options: make_daemon(definitions, **options).start()
