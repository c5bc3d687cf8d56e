"""Data, losses and stages: offline work, never imported by the app."""
