SELECT coalesce(sum(CASE WHEN (considered.input_1 IN (?, ?, ?, ?)) THEN considered.input_0 END), 0) AS value, count(*) AS row_count, considered.bucket
FROM (
  SELECT date(substr(sales_order.created_at, 1, 19), CASE WHEN sales_order.created_at >= '2026-03-29 01:00:00' THEN '7200 seconds' ELSE '3600 seconds' END) AS bucket, sales_order.total_cents AS input_0, sales_order.status AS input_1
  FROM sales_order
  WHERE sales_order.created_at >= ? AND sales_order.created_at < ?
) AS considered
GROUP BY considered.bucket
ORDER BY considered.bucket
LIMIT ? OFFSET ?
