"""`python -m autofocus` is the command `autofocus`."""

from autofocus.cli import main

if __name__ == "__main__":
    main()
