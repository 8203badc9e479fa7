"""Quancheng 泉城: one city, one program."""

__version__ = "0.1.0"
