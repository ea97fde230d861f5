{{ config(materialized='incremental', unique_key='charge_id') }}

select
    payload ->> '$.data.object.id' as charge_id,
    cast(payload ->> '$.data.object.amount' as bigint) / 100.0 as amount_usd,
    payload ->> '$.data.object.customer' as customer_id,
    to_timestamp(cast(payload ->> '$.data.object.created' as bigint)) at time zone 'UTC' as created_at,
    sha256(lower(payload ->> '$.data.object.billing_details.email')) as email_hash,
    loaded_at
from {{ ref('bronze_stripe__events') }}
where event_type = 'charge.succeeded'
{% if is_incremental() %}
  and loaded_at > (select coalesce(max(loaded_at), timestamp '1970-01-01') from {{ this }})
{% endif %}
