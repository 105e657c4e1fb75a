SELECT page_and_total.row_count, page_and_total.field_0, page_and_total.field_1, page_and_total.field_2
FROM (
  SELECT NULL AS row_count, page.field_0 AS field_0, page.field_1 AS field_1, page.field_2 AS field_2, page.order_0 AS order_0, page.order_1 AS order_1
  FROM (
    SELECT sales_order.id AS field_0, sales_order.status AS field_1, store_1.name AS field_2, sales_order.created_at AS order_0, sales_order.id AS order_1
    FROM sales_order
    LEFT OUTER JOIN store AS store_1 ON sales_order.store_id = store_1.id
    LEFT OUTER JOIN merchant AS merchant_1 ON store_1.merchant_id = merchant_1.id
    WHERE (merchant_1.name LIKE %(param_1)s::VARCHAR ESCAPE '\') AND (sales_order.customer_id != %(param_2)s::BIGINT OR sales_order.customer_id IS NULL)
    ORDER BY sales_order.created_at DESC, sales_order.id ASC
    LIMIT %(param_3)s::INTEGER OFFSET %(param_4)s::INTEGER
  ) AS page
  UNION ALL
  SELECT total.row_count AS row_count, NULL AS field_0, NULL AS field_1, NULL AS field_2, NULL AS order_0, NULL AS order_1
  FROM (
    SELECT count(*) AS row_count
    FROM sales_order
    LEFT OUTER JOIN store AS store_1 ON sales_order.store_id = store_1.id
    LEFT OUTER JOIN merchant AS merchant_1 ON store_1.merchant_id = merchant_1.id
    WHERE (merchant_1.name LIKE %(param_1)s::VARCHAR ESCAPE '\') AND (sales_order.customer_id != %(param_2)s::BIGINT OR sales_order.customer_id IS NULL)
  ) AS total
) AS page_and_total
ORDER BY page_and_total.row_count NULLS LAST, page_and_total.order_0 DESC, page_and_total.order_1 ASC
