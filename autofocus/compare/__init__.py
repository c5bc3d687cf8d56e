"""Versions compared: how far they agree, side by side, and judged blind."""
