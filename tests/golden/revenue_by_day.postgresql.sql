SELECT coalesce(sum(CASE WHEN (considered.input_1 IN (%(input_1_1_1)s::VARCHAR, %(input_1_1_2)s::VARCHAR, %(input_1_1_3)s::VARCHAR, %(input_1_1_4)s::VARCHAR)) THEN considered.input_0 END), 0) AS value, count(*) AS row_count, considered.bucket
FROM (
  SELECT date_trunc('day', (sales_order.created_at AT TIME ZONE 'UTC') + (CASE WHEN (sales_order.created_at AT TIME ZONE 'UTC') >= TIMESTAMP '2026-03-29 01:00:00' THEN 7200 ELSE 3600 END) * INTERVAL '1 second') AS bucket, sales_order.total_cents AS input_0, sales_order.status AS input_1
  FROM sales_order
  WHERE sales_order.created_at >= %(param_1)s::TIMESTAMP WITH TIME ZONE AND sales_order.created_at < %(param_2)s::TIMESTAMP WITH TIME ZONE
) AS considered
GROUP BY considered.bucket
ORDER BY considered.bucket
LIMIT %(param_3)s::INTEGER
