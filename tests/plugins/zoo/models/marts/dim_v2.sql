select animal_id, name from {{ ref('passed_through') }}
