"""供排水一体化 Water supply and drainage (S9): flood points, the flood plan, the 7·18 drill."""
