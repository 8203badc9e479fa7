"""Components as plain functions; ``templatetags/qc.py`` gives them to templates."""
