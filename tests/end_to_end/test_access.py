"""Elsewhere than on loopback a token is demanded."""

import subprocess

from projects import project, shell


def test_another_address_without_a_token_is_refused(make_daemon):
    daemon = make_daemon(project(shell("a", "true")), listen="0.0.0.0:0")
    ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "token" in ended.stdout + ended.stderr


def test_with_a_token_file_only_the_token_opens(make_daemon, tmp_path):
    (tmp_path / "token").write_text("a-long-secret-token-of-the-test\n")
    (tmp_path / "token").chmod(0o600)
    daemon = make_daemon(project(shell("a", "true")), extra=["--token-file", str(tmp_path / "token")]).start()
    assert daemon.request("GET", "/assets").status == 401
    assert daemon.request("GET", "/assets", headers={"authorization": "Bearer a-long-secret-token-of-the-tesT"}).status == 401
    assert daemon.request("GET", "/assets", headers={"authorization": "Bearer a-long-secret-token-of-the-test"}).status == 200
    assert daemon.ctl("assets", "list").returncode == 3
    assert daemon.ctl("--token", "a-long-secret-token-of-the-test", "assets", "list").returncode == 0
