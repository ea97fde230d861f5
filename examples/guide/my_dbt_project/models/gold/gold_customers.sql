select
    c.customer_id,
    date_diff('day', cast(c.signed_up_on as date), coalesce(cast(c.left_on as date), date '2025-12-31')) as tenure,
    coalesce(sum(o.amount), 0) as total_spend,
    cast(c.left_on is not null as integer) as churned
from {{ ref('raw_customers') }} as c
left join {{ ref('stg_orders') }} as o using (customer_id)
group by all
