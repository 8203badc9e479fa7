"""全市通办·跨域通办 (G2): counters that receive for every office, and the custody of paper."""
