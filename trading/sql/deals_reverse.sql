DROP FUNCTION trading_deal_partitions;
DROP TABLE trading_deal;
