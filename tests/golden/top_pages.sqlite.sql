WITH groups AS (
  SELECT considered.key_0 AS key_0, count(*) AS value, count(*) AS rows_of_group
  FROM (
    SELECT analytics_event.pathname AS key_0
    FROM analytics_event
    WHERE analytics_event.website_id = ? AND CASE json_type(analytics_event.metadata, ?) WHEN 'text' THEN json_extract(analytics_event.metadata, ?) WHEN 'null' THEN NULL ELSE analytics_event.metadata -> ? END = ?
    ORDER BY analytics_event.id ASC
    LIMIT ? OFFSET ?
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
    WHERE analytics_event.website_id = ? AND CASE json_type(analytics_event.metadata, ?) WHEN 'text' THEN json_extract(analytics_event.metadata, ?) WHEN 'null' THEN NULL ELSE analytics_event.metadata -> ? END = ?
    LIMIT ? OFFSET ?
  ) AS found
) AS found
FROM groups
ORDER BY groups.value DESC NULLS LAST, (groups.key_0 COLLATE BINARY) ASC NULLS LAST
LIMIT ? OFFSET ?
