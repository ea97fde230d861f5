"""Declare data assets in Python; assetd decides when to make them."""

import os

from assetd.artifacts import ArtifactError
from assetd.definitions import AssetCheckResult, DefinitionError, Definitions, MaterializeResult, asset, asset_check

__all__ = ["ArtifactError", "AssetCheckResult", "DefinitionError", "Definitions", "MaterializeResult", "asset", "asset_check"]


def own_sources():
    """Globs of this package's files: another version may describe otherwise."""
    here = os.path.dirname(os.path.abspath(__file__))
    return [os.path.join(here, "*.py"), os.path.join(here, "dbt", "*.py")]
