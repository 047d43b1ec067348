"""Proves the Dockerfile without a container engine: ``python -m benchmarks.container``."""
