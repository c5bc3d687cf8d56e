"""Model versions: where they are, how they are loaded, and how they reach the Hub."""
