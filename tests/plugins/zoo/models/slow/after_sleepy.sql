select * from {{ ref('sleepy') }}
