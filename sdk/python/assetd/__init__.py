"""Declare data assets in Python; assetd decides when to make them."""

from assetd.artifacts import ArtifactError
from assetd.definitions import AssetCheckResult, DefinitionError, Definitions, MaterializeResult, asset, asset_check

__all__ = ["ArtifactError", "AssetCheckResult", "DefinitionError", "Definitions", "MaterializeResult", "asset", "asset_check"]
