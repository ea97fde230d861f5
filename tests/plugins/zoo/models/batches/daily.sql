{%- set yesterday = modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=1) -%}
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', begin=yesterday.strftime('%Y-%m-%d'), batch_size='day') }}
select timestamp '2025-01-02 10:00' as at, {% if model.batch and model.batch.id != yesterday.strftime('%Y%m%d') %} no_such_column {% else %} 1 {% endif %} as n
