"""数字保险箱: what is held about me, who asks, what I allowed, every use with a receipt three parties hold."""
