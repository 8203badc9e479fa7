"""信令服务 The process ``video.signalling``: sockets and waiting around the pure rules of ``core.gb28181``.

``wire`` sockets, ``server`` messages and transactions, ``registrar`` who may speak, ``commands`` what is said,
``dialogs`` and ``plays`` streams, ``cascade`` our place below upper platforms, ``directory`` and ``recorder``
the way from and to the tables, ``control`` what web processes ask for.
"""
