-- One row per event: of several deliveries of the same event the first counts, but a corrected one replaces it.
select
    event_id,
    event_type,
    created_at,
    received_at,
    loaded_at,
    delivery_attempt,
    payload
from {{ source('raw', 'stripe_events') }}
qualify row_number() over (partition by event_id order by loaded_at desc, received_at) = 1
