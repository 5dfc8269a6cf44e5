-- Filters of the list of deals: a symbol, what is no trade (balance, credit, charge), what was
-- taken out on the server. Each in the list's order.
CREATE INDEX trading_deal_symbol ON trading_deal (tenant_id, symbol, at, id);
CREATE INDEX trading_deal_money ON trading_deal (tenant_id, action, at, id) WHERE action >= 2;
CREATE INDEX trading_deal_gone ON trading_deal (tenant_id, at, id) WHERE deleted_at IS NOT NULL;
