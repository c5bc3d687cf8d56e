"""The command line: parsing in `main`, work in `commands`."""
