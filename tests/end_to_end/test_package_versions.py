"""Which packages an import runs with is kept with what it makes; an upgrade is told as a change."""

import shutil

MODULE = """from assetd import asset

@asset
def model(context):
    import shapes
    if shapes.broken:
        raise ValueError("shapes 2 has no circle")
"""
YAML = """name: packages
imports:
  - {plugin: python, name: own, module: models, working_dir: ., env: {PYTHONPATH: "${env:PACKAGES}"}}
"""


def install(packages, version, broken):
    for old in packages.glob("shapes*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    (packages / "shapes.py").write_text(f"broken = {broken}\n")
    metadata = packages / f"shapes-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shapes\nVersion: {version}\n")
    (metadata / "top_level.txt").write_text("shapes\n")


def test_an_upgrade_is_among_what_changed(make_daemon, tmp_path):
    packages = tmp_path / "local-packages"
    packages.mkdir()
    install(packages, "1.0", False)
    daemon = make_daemon(YAML, env={"PACKAGES": str(packages)})
    (daemon.project / "models.py").write_text(MODULE)
    daemon.start()
    first = daemon.run("model")
    assert daemon.wait(first)["status"] == "succeeded"
    versions = daemon.get("/assets/model")["provenance"]["versions"]
    assert versions["shapes"] == "1.0" and versions["python"].startswith("3.") and "assetd" not in versions
    made, = daemon.items("/assets/model/materializations")
    assert made["provenance"]["versions"] == versions

    install(packages, "2.0", True)
    daemon.post("/definitions/reload")
    failed = daemon.run("model")
    assert daemon.wait(failed)["status"] == "failed"
    changes = daemon.get(f"/runs/{failed}/changes?step=model")
    assert changes["since"]["run_id"] == first
    package, = [item for item in changes["items"] if item["kind"] == "package"]
    assert (package["name"], package["from"], package["to"], package["detail"]) == ("shapes", "1.0", "2.0", "shapes changed from 1.0 to 2.0")
    assert "shapes changed from 1.0 to 2.0" in daemon.ctl("runs", "changes", failed).stdout
