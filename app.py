"""The entry of a Space: it serves the page, as `autofocus serve` does."""

import sys

from autofocus.page.start import main

if __name__ == "__main__":
    sys.exit(main())
