"""How gunicorn serves production. WEB_CONCURRENCY sets the number of processes."""

import os

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
timeout = 60
graceful_timeout = 20
keepalive = 5
# Start each worker anew now and then, and not all at once: memory stays flat over months.
max_requests = 10_000
max_requests_jitter = 1_000
worker_tmp_dir = "/dev/shm"  # noqa: S108  # memory: a heartbeat must not wait for a disk
limit_request_line = 8190
control_socket_disable = True  # the container is steered from outside
