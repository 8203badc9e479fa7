"""Tools for tests, for this project and for authors of modules elsewhere.

``environment`` is a pytest plugin that gives every test process its own home folder before
settings are read; ``server`` starts the real product on a free port.
"""
