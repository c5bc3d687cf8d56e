"""Metrics and benchmarks: offline work, never imported by the app."""
