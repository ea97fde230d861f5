select count(*) as n from {{ ref('quick') }}, range(100000000) as a, range(100000000) as b where a.range * b.range % 7 = 3
