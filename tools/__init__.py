"""What surrounds the product: local engines, the supervisor behind `make run`, installation."""
