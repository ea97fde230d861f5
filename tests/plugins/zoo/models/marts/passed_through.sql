{{ config(materialized='ephemeral') }}
select * from {{ ref('animals') }}
