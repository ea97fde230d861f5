select a.animal_id from {{ ref('dim', v=2) }} as a
{% if var('break_marts', false) %} where no_such_column = 1 {% endif %}
