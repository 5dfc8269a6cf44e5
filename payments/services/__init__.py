"""The public door of payments for those who write."""
