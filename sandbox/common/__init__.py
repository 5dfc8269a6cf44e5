"""What the sandbox's gateways share: being served over HTTP, sending messages, faults, pages."""
