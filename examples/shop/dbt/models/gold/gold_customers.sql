with as_of as (
    select max(created_at) as at from {{ ref('bronze_stripe__events') }}
),

spend as (
    select customer_id, sum(amount_usd) as total_spend, count(*) as charges, max(created_at) as last_charge_at
    from {{ ref('stg_stripe__charges') }}
    group by 1
),

subscription as (
    select customer_id, any_value(plan_id) as plan_id, max(ended_at) as ended_at, bool_and(ended_at is not null) as churned
    from {{ ref('stg_stripe__subscriptions') }}
    group by 1
)

select
    c.customer_id,
    c.country,
    p.plan_name,
    date_diff('day', c.created_at, coalesce(s.ended_at, a.at)) as tenure,
    coalesce(t.total_spend, 0) as total_spend,
    coalesce(t.charges, 0) as charges,
    t.last_charge_at,
    coalesce(s.churned, false) as churned
from {{ ref('stg_stripe__customers') }} as c
cross join as_of as a
left join spend as t using (customer_id)
left join subscription as s using (customer_id)
left join {{ ref('plans') }} as p on p.plan_id = s.plan_id
