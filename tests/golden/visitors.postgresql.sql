SELECT count(items.item) AS value, coalesce(sum(items.times), %(coalesce_1)s::INTEGER) AS row_count
FROM (
  SELECT considered.input_0 AS item, count(*) AS times
  FROM (
    SELECT analytics_event.visitor_id AS input_0
    FROM analytics_event
    WHERE analytics_event.website_id = %(param_1)s::VARCHAR AND analytics_event.timestamp >= %(param_2)s::TIMESTAMP WITH TIME ZONE AND analytics_event.timestamp < %(param_3)s::TIMESTAMP WITH TIME ZONE
  ) AS considered
  GROUP BY considered.input_0
) AS items
