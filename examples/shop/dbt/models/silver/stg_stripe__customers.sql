select
    payload ->> '$.data.object.id' as customer_id,
    sha256(lower(payload ->> '$.data.object.email')) as email_hash,
    payload ->> '$.data.object.address.country' as country,
    created_at
from {{ ref('bronze_stripe__events') }}
where event_type = 'customer.created'
