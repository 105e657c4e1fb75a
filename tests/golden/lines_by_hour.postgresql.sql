WITH cells AS (
  SELECT considered.bucket AS bucket, considered.utc_offset AS utc_offset, considered.key_0 AS key_0, count(*) AS value, count(*) AS rows_of_cell
  FROM (
    SELECT date_trunc('hour', (analytics_event.timestamp AT TIME ZONE 'UTC') + (CASE WHEN (analytics_event.timestamp AT TIME ZONE 'UTC') >= TIMESTAMP '2026-03-29 01:00:00' THEN 7200 ELSE 3600 END) * INTERVAL '1 second') AS bucket, CASE WHEN (analytics_event.timestamp AT TIME ZONE 'UTC') >= TIMESTAMP '2026-03-29 01:00:00' THEN 7200 ELSE 3600 END AS utc_offset, analytics_event.device_type AS key_0
    FROM analytics_event
    WHERE analytics_event.website_id = %(param_1)s::VARCHAR AND analytics_event.timestamp >= %(param_2)s::TIMESTAMP WITH TIME ZONE AND analytics_event.timestamp < %(param_3)s::TIMESTAMP WITH TIME ZONE
  ) AS considered
  GROUP BY considered.bucket, considered.utc_offset, considered.key_0
), lines AS (
  SELECT cells.key_0 AS key_0, sum(cells.value) AS total
  FROM cells
  GROUP BY cells.key_0
)
SELECT sum(cells.value) AS value, greatest.total, greatest.listed, (
  SELECT sum(cells.rows_of_cell) AS sum_1
  FROM cells
) AS row_count, (
  SELECT count(*) AS count_1
  FROM lines
) AS line_count, cells.bucket, cells.utc_offset, greatest.key_0
FROM cells
LEFT OUTER JOIN (
  SELECT lines.key_0 AS key_0, lines.total AS total, 1 AS listed
  FROM lines
  ORDER BY lines.total DESC NULLS LAST, (lines.key_0 COLLATE "C") ASC NULLS LAST
  LIMIT %(param_4)s::INTEGER
) AS greatest ON cells.key_0 IS NOT DISTINCT
FROM greatest.key_0
GROUP BY greatest.total, greatest.listed, cells.bucket, cells.utc_offset, greatest.key_0
LIMIT %(param_5)s::INTEGER
