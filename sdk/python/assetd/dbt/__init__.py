"""A dbt project among Python assets: `dbt_assets` describes its nodes, `DbtCliResource` runs dbt for those of an attempt."""

from assetd.dbt.assets import DbtAssets, dbt_assets
from assetd.dbt.resource import DbtCliResource, DbtEvent

__all__ = ["DbtAssets", "DbtCliResource", "DbtEvent", "dbt_assets"]
