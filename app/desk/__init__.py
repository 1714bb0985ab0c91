"""Call-takers: calls as they come in, what is typed while somebody speaks, filing, calling back, handing over."""
