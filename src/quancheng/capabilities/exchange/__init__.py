"""数据共享: from the request for data to the signed exchange and its proof (I8, I9)."""
