DROP INDEX trading_deal_symbol, trading_deal_money, trading_deal_gone;
