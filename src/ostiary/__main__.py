"""`python -m ostiary`: the same as the `ostiary` command.

Nothing else lives here; the commands are in `ostiary.cli`.
"""

from ostiary.cli import main

if __name__ == "__main__":
    main()
