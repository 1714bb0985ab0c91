"""What happens after filing, in the background: outbox, relay, worker, and the triage of each report."""
