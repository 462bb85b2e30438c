"""What the operator wrote, read, checked and compiled into an immutable snapshot. It opens no connection."""
