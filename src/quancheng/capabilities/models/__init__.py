"""算法平台: registry of models and algorithms of the city."""
