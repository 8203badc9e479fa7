"""The product as people meet it: Chromium against ``quancheng run`` in a city of its own."""
