"""How the outside is reached: HTTP client, clock, dice, tasks, log. They implement `ostiary.ports`."""
