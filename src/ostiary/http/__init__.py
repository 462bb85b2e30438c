"""HTTP as values: targets, heads, headers, cookies, forwarding facts. Pure: no socket, no clock, no dice, no log."""
