"""Tests of the registry of models."""
