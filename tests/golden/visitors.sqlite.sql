SELECT count(items.item) AS value, coalesce(sum(items.times), ?) AS row_count
FROM (
  SELECT +considered.input_0 AS item, count(*) AS times
  FROM (
    SELECT analytics_event.visitor_id AS input_0
    FROM analytics_event
    WHERE analytics_event.website_id = ? AND analytics_event.timestamp >= ? AND analytics_event.timestamp < ?
  ) AS considered
  GROUP BY +considered.input_0
) AS items
