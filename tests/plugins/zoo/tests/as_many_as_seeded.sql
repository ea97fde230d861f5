-- a singular test with two parents, one downstream of the other
select 1 from (select (select count(*) from {{ ref('animals') }}) as a, (select count(*) from {{ ref('dim', v=2) }}) as b) where a != b
