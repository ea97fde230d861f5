{{ config(alias='leg count', tags=['anatomy']) }}
select legs, count(*) as animals from {{ ref('passed_through') }} group by 1
