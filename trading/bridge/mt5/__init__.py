"""MetaTrader 5 over its REST interface (Web API)."""
