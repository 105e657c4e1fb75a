SELECT CAST(coalesce(sum(CASE WHEN considered.input_0 THEN 1 WHEN NOT considered.input_0 THEN 0 END), 0) AS DOUBLE PRECISION) / nullif(CAST(count(*) AS DOUBLE PRECISION), 0) AS value, count(*) AS row_count
FROM (
  SELECT analytics_session.is_bounce AS input_0
  FROM analytics_session
  WHERE analytics_session.website_id = %(param_1)s::VARCHAR
) AS considered
