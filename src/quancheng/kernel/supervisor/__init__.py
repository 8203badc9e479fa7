"""Supervisor 运行: starts a city's processes, keeps them alive and ends them together."""
