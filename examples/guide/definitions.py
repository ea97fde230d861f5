from assetd import asset, Definitions
from assetd.dbt import dbt_assets, DbtCliResource
from sklearn.linear_model import LinearRegression
import pandas as pd

from warehouse import SnowflakeLikeWarehouse

@dbt_assets(manifest="target/manifest.json")
def my_dbt_assets(context, dbt: DbtCliResource):
    yield from dbt.cli(["build"], context=context).stream()

@asset(deps=["gold_customers"])
def customer_churn_model(snowflake_resource):
    query = "SELECT * FROM ANALYTICS_PROD.GOLD.GOLD_CUSTOMERS"
    df = snowflake_resource.execute_query(query)
    model = LinearRegression()
    model.fit(df[['tenure', 'total_spend']], df['churned'])
    return model

defs = Definitions(
    assets=[my_dbt_assets, customer_churn_model],
    resources={"dbt": DbtCliResource(project_dir="my_dbt_project"), "snowflake_resource": SnowflakeLikeWarehouse("data/analytics_prod.duckdb")}
)
