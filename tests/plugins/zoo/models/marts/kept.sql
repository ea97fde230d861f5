select k.keeper_id, a.animal_id from {{ source('keepers', 'keepers') }} as k cross join {{ ref('animals') }} as a
