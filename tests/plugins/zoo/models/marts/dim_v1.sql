select animal_id from {{ ref('passed_through') }}
