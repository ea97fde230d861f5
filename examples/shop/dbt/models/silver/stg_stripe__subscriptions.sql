select
    payload ->> '$.data.object.id' as subscription_id,
    any_value(payload ->> '$.data.object.customer') as customer_id,
    any_value(payload ->> '$.data.object.plan.id') as plan_id,
    min(created_at) filter (where event_type = 'customer.subscription.created') as started_at,
    max(created_at) filter (where event_type = 'customer.subscription.deleted') as ended_at
from {{ ref('bronze_stripe__events') }}
where event_type like 'customer.subscription.%'
group by 1
