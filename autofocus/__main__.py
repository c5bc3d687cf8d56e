"""`python -m autofocus` is the command `autofocus`."""

from autofocus.cli.main import main

if __name__ == "__main__":
    main()
