WITH groups AS (
  SELECT considered.key_0 AS key_0, count(*) AS value, count(*) AS rows_of_group
  FROM (
    SELECT analytics_event.pathname AS key_0
    FROM analytics_event
    WHERE analytics_event.website_id = %(param_1)s::VARCHAR AND (CAST(analytics_event.metadata AS JSONB) ->> CAST(%(param_2)s::VARCHAR AS TEXT)) = %(param_3)s::VARCHAR
    ORDER BY analytics_event.id ASC
    LIMIT %(param_4)s::INTEGER
  ) AS considered
  GROUP BY considered.key_0
)
SELECT groups.value, (
  SELECT sum(groups.rows_of_group) AS sum_1
  FROM groups
) AS row_count, (
  SELECT count(*) AS count_1
  FROM groups
) AS group_count, groups.key_0, (
  SELECT count(*) AS count_2
  FROM (
    SELECT 1 AS one
    FROM analytics_event
    WHERE analytics_event.website_id = %(param_1)s::VARCHAR AND (CAST(analytics_event.metadata AS JSONB) ->> CAST(%(param_2)s::VARCHAR AS TEXT)) = %(param_3)s::VARCHAR
    LIMIT %(param_5)s::INTEGER
  ) AS found
) AS found
FROM groups
ORDER BY groups.value DESC NULLS LAST, (groups.key_0 COLLATE "C") ASC NULLS LAST
LIMIT %(param_6)s::INTEGER
