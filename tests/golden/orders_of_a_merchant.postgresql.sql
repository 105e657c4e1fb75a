WITH groups AS (
  SELECT considered.key_0 AS key_0, coalesce(sum(considered.input_0), 0) AS value, count(*) AS rows_of_group
  FROM (
    SELECT product_1.name AS key_0, "sales_order_line".quantity AS input_0
    FROM (
      SELECT sales_order_line.product_id AS product_id, sales_order_line.quantity AS quantity
      FROM sales_order_line
      WHERE sales_order_line.order_id IN (
        SELECT sales_order_1.id
        FROM sales_order AS sales_order_1
        WHERE sales_order_1.store_id IN (
          SELECT store_1.id
          FROM store AS store_1
          WHERE store_1.merchant_id = %(merchant_id_1)s::INTEGER
        )
      )
    ) AS "sales_order_line"
    LEFT OUTER JOIN (
      SELECT product.id AS id, product.name AS name
      FROM product
      WHERE product.store_id IN (
        SELECT store_2.id
        FROM store AS store_2
        WHERE store_2.merchant_id = %(merchant_id_2)s::INTEGER
      )
    ) AS product_1 ON "sales_order_line".product_id = product_1.id
  ) AS considered
  GROUP BY considered.key_0
)
SELECT groups.value, (
  SELECT sum(groups.rows_of_group) AS sum_1
  FROM groups
) AS row_count, (
  SELECT count(*) AS count_1
  FROM groups
) AS group_count, groups.key_0
FROM groups
ORDER BY groups.value DESC NULLS LAST, (groups.key_0 COLLATE "C") ASC NULLS LAST
LIMIT %(param_1)s::INTEGER
