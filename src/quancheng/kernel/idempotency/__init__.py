"""Idempotency: the same key twice is one deed.

Rows are written by ``kernel.actions`` in the transaction of the deed itself, so a deed that was
acknowledged is remembered and one that was not leaves no trace.
"""
