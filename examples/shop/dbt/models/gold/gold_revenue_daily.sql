select
    cast(created_at as date) as day,
    count(*) as charges,
    count(distinct customer_id) as customers,
    sum(amount_usd) as revenue_usd
from {{ ref('stg_stripe__charges') }}
group by 1
